// The agent's own log: JSON lines in a file only we may read, rotated by size. Must never hold a secret.
import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino } from 'pino';
import { type Clock, timestamp } from '../lib/clock.ts';
import type { Log } from './ports.ts';

const LIMIT = 5 << 20;

/** Property names whose values never reach the file, wherever they are. */
const SECRET_KEYS = [
  'password',
  'secret',
  'token',
  'idToken',
  'accessToken',
  'refreshToken',
  'credential',
  'key',
  'pkToken',
];

class LogFile {
  readonly #path: string;
  readonly #limit: number;
  #descriptor: number;
  #size: number;

  constructor(path: string, limit: number) {
    this.#path = path;
    this.#limit = limit;
    [this.#descriptor, this.#size] = this.#open();
  }

  /** Called by pino with one whole line. A full disk must not end the agent: the line is lost. */
  write(line: string): void {
    try {
      this.#size += writeSync(this.#descriptor, line);
      if (this.#size > this.#limit) this.#rotate();
    } catch {
      // The journal and the ledger fail closed; the log does not.
    }
  }

  #open(): [number, number] {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
    const descriptor = openSync(this.#path, flags, 0o600);
    return [descriptor, fstatSync(descriptor).size];
  }

  /** Keeps one older file. */
  #rotate(): void {
    closeSync(this.#descriptor);
    renameSync(this.#path, `${this.#path}.1`);
    [this.#descriptor, this.#size] = this.#open();
  }
}

export function openLog(path: string, clock: Clock, limit = LIMIT): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const paths = SECRET_KEYS.flatMap((name) => [name, `*.${name}`]);
  return pino(
    {
      base: { pid: process.pid },
      timestamp: () => `,"time":"${timestamp(clock.micros())}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[redacted]' },
    },
    new LogFile(path, limit),
  );
}
