// The assessor's folder: evidence as it stands in the store, an index, our verdicts, and a way to check them without us.
import { sha256 } from '../lib/digest.ts';
import { blobKey } from '../model/bundle.ts';
import { disclosedKey } from '../model/disclosed.ts';
import type { Predicate } from '../model/evidence.ts';
import { isApproveDetail } from '../model/predicate.ts';
import { VERIFY_SH } from './bundle-verify.ts';
import type {
  ExportedStatement,
  Exporter,
  ExportFooter,
  ExportHeader,
  ExportTarget,
  ExportWriter,
} from './exporter.ts';
import { writeReadme } from './readme.ts';

interface IndexRow {
  readonly key: string;
  readonly sha256: string;
  readonly kind: string;
  readonly time: string;
  readonly iss: string;
  readonly sub: string;
  readonly session?: string;
  readonly connection?: string;
  readonly end?: string;
  readonly counts?: object;
  readonly blobs: Readonly<Record<string, string>>;
}

const ABOUT = `## Check it yourself

\`\`\`sh
./verify.sh                    # jq, openssl 3, coreutils
./verify.sh provider-jwks.json # the same, with your own copy of the identity provider's keys
broker verify .                # everything, every event included
\`\`\`

Without your own copy of the provider's keys, \`verify.sh\` relies on the copies archived here. A folder made up from nothing,
with keys of its own, would pass: compare \`iss\`, \`aud\` and the keys with what the provider publishes.
Neither can show what was removed after the last statement that somebody else has seen; keep the \`heads\` of \`index.json\`
outside the store, and the next export must agree with them.

## What is here

- \`v1/stmt/day=…/writer=…/NNNNNNNNNN-kind.sigstore.json\`: signed statements, one chain per writer (a person on a machine). Each is a
  Sigstore bundle (v0.3) around a DSSE envelope around an in-toto Statement.
- \`v1/blob/sha256/…\`: what they vouch for, by SHA-256. \`events.jsonl.gz\` is the session's log, \`transcript.cast.gz\` its terminal
  (asciicast v2), \`policy.json\` the rules that decided, \`pk-token.json\` the sign-in, \`jwks.json\` the provider's keys.
- \`v1/disclosed/…\`, if events were withheld: logs told in part, under the digest of the log each stands for. Of an event that is told there is its salt
  and its line, of one that is withheld its Merkle leaf; together they make the root that the statement signed.
- \`v1/appr/…/req=ID/\`: what people were asked, what each answered, and that it was used once. An answer is signed by a key made for it alone,
  by a sign-in made for it alone.
- \`index.json\`: one row per statement. \`verdicts.json\`: what our verifier said when this was made.`;

/** Readable and still the same bytes for the same input: members in canonical order. */
function pretty(value: unknown): string {
  return `${JSON.stringify(sorted(value), null, 2)}\n`;
}

/** Without a text in between: an index of many sessions is long. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, each]) => [name, sorted(each)]));
}

function rowOf({ key, digest, predicate, subjects, chosen }: ExportedStatement): IndexRow {
  const { kind, clock, identity, session } = predicate;
  return {
    key,
    sha256: digest,
    kind,
    time: clock.wall,
    iss: identity.iss,
    sub: identity.sub,
    ...(session ? { session: session.id, connection: session.connection } : {}),
    ...(session?.end ? { end: session.end } : {}),
    ...(session?.counts ? { counts: session.counts } : {}),
    blobs: chosen ? Object.fromEntries(subjects.map((each) => [each.name, each.digest])) : {},
  };
}

/** Digests of the requests, answers and uses that a statement names. */
function approvalsNamed({ approvals = [], detail, kind }: Predicate): readonly string[] {
  if (kind === 'approve') return isApproveDetail(detail) ? [detail.request, detail.decision] : [];
  return approvals.flatMap(({ request, decisions, consumed }) => [
    request,
    ...decisions,
    ...(consumed === undefined ? [] : [consumed]),
  ]);
}

class BundleWriter implements ExportWriter {
  readonly #target: ExportTarget;
  readonly #rows: IndexRow[] = [];
  readonly #named = new Set<string>();
  readonly #written = new Set<string>();
  /** Logs that are told in part. */
  readonly #told = new Set<string>();
  /** Approval objects that statements outside the filters name. */
  readonly #elsewhere = new Set<string>();
  #header: ExportHeader | undefined;

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
    await this.#target.file('v1/store.json', header.store.file);
    await this.#target.file('verify.sh', VERIFY_SH, true);
  }

  async statement(statement: ExportedStatement): Promise<void> {
    this.#rows.push(rowOf(statement));
    for (const { digest } of statement.subjects) this.#named.add(digest);
    if (!statement.chosen)
      for (const digest of approvalsNamed(statement.predicate)) this.#elsewhere.add(digest);
    await this.#target.file(statement.key, statement.bytes);
  }

  async blob(digest: string, bytes: Uint8Array): Promise<void> {
    if (this.#written.has(digest)) return;
    this.#written.add(digest);
    await this.#target.file(blobKey(digest), bytes);
  }

  async disclosed(log: string, told: AsyncIterable<string>): Promise<void> {
    if (this.#told.has(log)) return;
    this.#told.add(log);
    for await (const text of told) await this.#target.append(disclosedKey(log), text);
  }

  async approval(key: string, bytes: Uint8Array): Promise<void> {
    this.#written.add(sha256(bytes));
    await this.#target.file(key, bytes);
  }

  async event(): Promise<void> {}

  async footer({ verdicts, access }: ExportFooter): Promise<void> {
    const { store, filters, made, tool } = this.#header as ExportHeader;
    const withheld = [...new Set([...this.#named, ...this.#elsewhere])]
      .filter((digest) => !this.#written.has(digest))
      .sort();
    const heads: Record<string, { seq: number; sha256: string }> = {};
    for (const { key, sha256 } of this.#rows) {
      const [, , , writer = '', name = ''] = key.split('/');
      heads[writer.slice('writer='.length)] = { seq: Number(name.slice(0, 10)), sha256 };
    }
    const index = {
      format: 'urn:access-broker:export:v1',
      made,
      tool,
      store: { id: store.id, url: store.url },
      filters,
      heads,
      statements: this.#rows,
      withheld,
    };
    await this.#target.file('index.json', pretty(index));
    await this.#target.file('verdicts.json', pretty({ ...verdicts, access }));
    const facts = { sessions: this.#sessions(), withheld: withheld.length, about: ABOUT };
    await writeReadme(this.#target, this.#header, { verdicts, access }, facts);
  }

  #sessions(): number {
    return this.#rows.filter((row) => row.kind === 'session' && Object.keys(row.blobs).length > 0).length;
  }
}

export const bundleExporter: Exporter = {
  id: 'bundle',
  summary: 'a folder to check without us: statements, blobs, verdicts, verify.sh',
  wants: { blobs: true, events: false },
  streams: false,
  open: (target) => new BundleWriter(target),
};
