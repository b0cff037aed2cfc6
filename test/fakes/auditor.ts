// An auditor's machine around the real binary: a HOME that knows a store, and a provider that serves its keys and nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type FakeProvider, fakeProvider } from './sign-in.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

export interface ServedProvider {
  readonly provider: FakeProvider;
  close(): void;
}

export async function servedProvider(): Promise<ServedProvider> {
  let provider: FakeProvider | undefined;
  const server = createServer((asked, answer) => {
    const issuer = provider?.issuer ?? '';
    const about = {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    answer.setHeader('content-type', 'application/json');
    answer.end(asked.url === '/jwks' ? provider?.jwks : JSON.stringify(about));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  provider = fakeProvider(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { provider, close: () => server.close() };
}

/** Writes the HOME; returns it. */
export function auditorHome(folder: string, { issuer, audience }: FakeProvider, store: string): string {
  mkdirSync(join(folder, '.config/broker'), { recursive: true });
  writeFileSync(
    join(folder, '.config/broker/broker.yaml'),
    `version: 1\nidentity: { issuer: "${issuer}", client_id: ${audience} }\nstore: { url: "${store}" }\nkeychain: file\n`,
  );
  return folder;
}

/** Starts the binary there; `before` is a program that starts it in its turn. */
export function auditorSpawn(
  home: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): ChildProcess {
  const [program = '', ...rest] = [...before, process.execPath, BROKER, ...args];
  const env = { PATH: process.env['PATH'], LANG: 'C', HOME: home, XDG_RUNTIME_DIR: home, ...more };
  return spawn(program, rest, { env, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
