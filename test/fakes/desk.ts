// A desk that tells requests and takes answers over the real control socket: for requests that no agent of ours would make.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versionOf } from '../../src/agent/build.ts';
import type {
  FromAnswer,
  FromApprovals,
  FromWindow,
  ToAnswer,
  ToApprovals,
  ToWindow,
} from '../../src/agent/messages.ts';
import { type LinesCall, type Route, serve } from '../../src/agent/server.ts';
import type { ApprovalRow } from '../../src/model/approval.ts';

const DIST = new URL('../../dist/', import.meta.url);

/** Where everybody who answers is sent to sign in. */
export const SIGN_IN_URL = `https://id.example.com/auth?client_id=broker&nonce=${'n'.repeat(150)}&end=1`;

export interface Desk {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the desk was sent, in order. */
  readonly asked: FromApprovals[];
  readonly answers: FromAnswer[];
  readonly windows: FromWindow[];
  /** Callers that ask for a window and are still there. */
  waiting(): number;
  /** Tells these from now on, and those who look at once. */
  tell(...rows: readonly ApprovalRow[]): void;
  /** What whoever asks for a window is told, in order; the last one stays. */
  grant(...rows: readonly ApprovalRow[]): void;
  stop(): Promise<void>;
}

/** The build as a client computes it, so that the desk is taken for the agent of its own version. */
function build(): string {
  const hash = createHash('sha256');
  for (const name of ['main.js', 'worker.js']) hash.update(readFileSync(new URL(name, DIST)));
  return hash.digest('hex').slice(0, 12);
}

const SIGN_IN = {
  state: 'signed-in',
  user: { iss: 'https://id.example.com', sub: 'dana', email: 'dana@example.com', groups: ['dba'] },
  expires: '2030-01-01T00:00:00Z',
  renewable: true,
  binding: 'nonce',
  key: 'k',
  notices: [],
};

interface Told {
  rows: readonly ApprovalRow[];
  grants: readonly ApprovalRow[];
  readonly asked: FromApprovals[];
  readonly answers: FromAnswer[];
  readonly windows: FromWindow[];
  readonly watchers: Set<LinesCall>;
  readonly callers: Set<LinesCall>;
}

const leaving = (call: LinesCall) =>
  new Promise<void>((resolve) => {
    if (call.gone.aborted) resolve();
    call.gone.addEventListener('abort', () => resolve());
  });

async function first<T>(call: LinesCall): Promise<T> {
  return (await call.lines.next()).value as T;
}

async function approvals(desk: Told, call: LinesCall): Promise<void> {
  const { id, all, once } = await first<FromApprovals>(call).then((asked) => {
    desk.asked.push(asked);
    return asked;
  });
  const send = (message: ToApprovals) => void call.send(message);
  for (const row of desk.rows)
    if ((all || row.state === 'pending') && row.id.startsWith(id ?? '')) send({ type: 'row', row });
  send({ type: 'listed' });
  if (once) return;
  desk.watchers.add(call);
  await leaving(call);
  desk.watchers.delete(call);
}

async function answer(desk: Told, call: LinesCall): Promise<void> {
  const order = await first<FromAnswer>(call);
  desk.answers.push(order);
  const send = (message: ToAnswer) => void call.send(message);
  if (order.type === 'answer' && order.strength === 'fresh-sign-in') {
    send({ type: 'prompt', prompt: { kind: 'paste', url: SIGN_IN_URL, purpose: 'identity' } });
    desk.answers.push(await first<FromAnswer>(call));
  }
  send({ type: 'answered', key: 'v1/appr/decision', digest: 'a'.repeat(64) });
}

async function window(desk: Told, call: LinesCall): Promise<void> {
  desk.windows.push(await first<FromWindow>(call));
  desk.callers.add(call);
  for (const row of desk.grants) call.send({ type: 'row', row } satisfies ToWindow);
  if (desk.grants.at(-1)?.state === 'pending') await leaving(call);
  desk.callers.delete(call);
}

const ROUTES: readonly Route<Told>[] = [
  {
    kind: 'json',
    method: 'GET',
    path: /^\/v1\/identity$/,
    run: () => ({ version: versionOf(), build: build(), pid: process.pid }),
  },
  { kind: 'json', method: 'GET', path: /^\/v1\/sign-in$/, run: () => SIGN_IN },
  { kind: 'lines', method: 'POST', path: /^\/v1\/approvals$/, run: approvals },
  { kind: 'lines', method: 'POST', path: /^\/v1\/approvals\/answer$/, run: answer },
  { kind: 'lines', method: 'POST', path: /^\/v1\/windows$/, run: window },
];

export async function startDesk(): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'desk-'));
  const place = join(folder, 'run', 'broker');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const desk: Told = {
    rows: [],
    grants: [],
    asked: [],
    answers: [],
    windows: [],
    watchers: new Set(),
    callers: new Set(),
  };
  const server = await serve(ROUTES, desk, place, 'agent.sock');
  const { asked, answers, windows, watchers, callers } = desk;
  return {
    folder,
    environment: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: folder,
      XDG_RUNTIME_DIR: join(folder, 'run'),
      LANG: 'C.UTF-8',
      TERM: 'screen-256color',
    },
    asked,
    answers,
    windows,
    waiting: () => callers.size,
    tell: (...rows) => {
      desk.rows = rows;
      for (const watcher of watchers) for (const row of rows) watcher.send({ type: 'row', row });
    },
    grant: (...rows) => {
      desk.grants = rows;
    },
    stop: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
