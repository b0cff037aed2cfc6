// Debian's sqlsmith: makes random statements from a database's own catalogue. Nobody here wrote it.
import { spawn } from 'node:child_process';

const DEADLINE = 150_000;

/** Runs against a libpq connection string; what it said on stderr. */
export function smith(target: string, queries: number, seed: number): Promise<string> {
  const args = [
    `--target=${target}`,
    `--max-queries=${queries}`,
    `--seed=${seed}`,
    '--exclude-catalog',
    '--verbose',
  ];
  const child = spawn('sqlsmith', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8')));
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(timer);
      resolve(said.join(''));
    });
  });
}

export function targetOf(url: URL, port: number): string {
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  return `host=127.0.0.1 port=${port} user=${user} password=${password} dbname=${url.pathname.slice(1)} sslmode=disable`;
}
