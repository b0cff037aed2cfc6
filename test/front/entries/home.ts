// A home with MCP hosts in it, and the real binary run there. The keychain is the encrypted file.
import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BROKER = new URL('../../../bin/broker.js', import.meta.url).pathname;
export const BEFORE = new URL('../../golden/hosts/before', import.meta.url).pathname;

const CONFIG = `version: 1
identity: { issuer: 'https://login.example.com', client_id: x }
keychain: file
connections:
  prod-db: { type: postgres, host: 127.0.0.1, port: 5432, database: shop, credential: { source: env, user: A, password: B } }
  other-db: { type: postgres, host: 127.0.0.1, port: 5432, database: shop, credential: { source: env, user: A, password: B } }
`;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Home {
  readonly path: string;
  file(name: string): string;
  broker(...args: readonly string[]): Ran;
  /** The same with more in its environment. */
  brokerWith(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Ran;
  /** Without waiting for the ones before. */
  start(...args: readonly string[]): Promise<Ran> & { readonly child: ChildProcess };
  close(): void;
}

export function openHome(from?: string): Home {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'hosts-')));
  if (from !== undefined) cpSync(from, path, { recursive: true });
  mkdirSync(join(path, '.config', 'broker'), { recursive: true });
  writeFileSync(join(path, '.config', 'broker', 'broker.yaml'), CONFIG, { mode: 0o600 });
  mkdirSync(join(path, 'bin'));
  mkdirSync(join(path, 'project'), { recursive: true });
  symlinkSync(BROKER, join(path, 'bin', 'broker'));
  const env = {
    HOME: path,
    PATH: `${join(path, 'bin')}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    BROKER_RUNTIME_DIR: join(path, 'run'),
  };
  const cwd = join(path, 'project');
  const brokerWith = (more: Readonly<Record<string, string>>, ...args: readonly string[]): Ran => {
    const options = { cwd, env: { ...env, ...more }, encoding: 'utf8', timeout: 120_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [BROKER, ...args], options);
    return { status, stdout, stderr };
  };
  const broker = (...args: readonly string[]): Ran => brokerWith({}, ...args);
  const start: Home['start'] = (...args) => {
    let child!: ChildProcess;
    const ran = new Promise<Ran>((resolve) => {
      child = execFile(
        process.execPath,
        [BROKER, ...args],
        { cwd, env, timeout: 120_000 },
        (error, stdout, stderr) => resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
    return Object.assign(ran, { child });
  };
  const close = (): void => {
    broker('agent', 'stop');
    rmSync(path, { recursive: true, force: true });
  };
  return { path, file: (name) => join(path, name), broker, brokerWith, start, close };
}
