// Has it signed when a connection's rules are other than at its last session: where it leads, who gets in how, what is masked. Must never keep a secret.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeAtomic } from '../lib/atomic-file.ts';
import { canonical } from '../lib/canonical.ts';
import { sha256 } from '../lib/digest.ts';
import type { Connection } from '../model/connection.ts';

type Rules = Readonly<Record<string, unknown>>;

/** Characters of rules that a statement repeats; of more it names the digest. */
const MOST = 24_576;

/** What policy, masking and evidence of a connection depend on. Of a credential only which source, and that its settings changed. */
function rulesOf({ credential, masking, recording, labels, tls, ...connection }: Connection): Rules {
  const { type, host, port, url, database } = connection;
  return {
    type,
    address: url ?? (host.startsWith('/') ? host : `${host}:${port}`),
    ...(database === undefined ? {} : { database }),
    tls: tls.mode,
    credential: { source: credential.source, digest: sha256(JSON.stringify(credential)) },
    labels,
    columns: masking.columns,
    strategies: masking.strategies,
    onUnknown: masking.onUnknown,
    ...(masking.detectors ? { detectors: masking.detectors } : {}),
    recording: { ...recording },
  };
}

async function recall(path: string): Promise<Rules | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Rules;
  } catch {
    // The first session here, or nothing that can be compared with.
    return undefined;
  }
}

/** Before a session opens. `folder` holds the rules of each connection as they were at its last session with this store. */
export async function noteRules(
  folder: string,
  connection: Connection,
  record: (detail: Readonly<Record<string, unknown>>) => Promise<unknown>,
): Promise<void> {
  const path = join(folder, `${connection.name}.json`);
  const rules = rulesOf(connection);
  const [text, was] = [canonical(rules), await recall(path)];
  if (was && canonical(was) === text) return;
  if (was) {
    const names = [...new Set([...Object.keys(was), ...Object.keys(rules)])].sort();
    const different = names.filter((name) => canonical(was[name] ?? null) !== canonical(rules[name] ?? null));
    await record({
      changed: 'connection',
      connection: connection.name,
      different,
      was: sha256(canonical(was)),
      digest: sha256(text),
      ...(text.length > MOST ? {} : { rules }),
    });
  }
  await makeFolder(folder);
  await writeAtomic(path, text);
}
