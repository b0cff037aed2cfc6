// A program that answers with a credential as JSON, like credential_process: this covers Vault and the clouds. No shell, few variables, bounded.
import { spawn } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { visible } from '../lib/visible.ts';
import type { Credential, CredentialContext, CredentialSource } from '../model/credential.ts';
import {
  between,
  checkSettings,
  credentialFailed,
  isText,
  isTextList,
  numberOf,
  type Rule,
  textOf,
} from './settings.ts';

/** A credential is small; a program that says more is not answering the question. */
const MAX_OUTPUT = 256 * 1024;
const MAX_COMPLAINT = 2_000;
/** What a program needs to find itself and the user's own settings; never anything of ours. */
const VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'XDG_RUNTIME_DIR',
  'XDG_CONFIG_HOME',
];

const isCommand: Rule = (value) => {
  const wrong = isTextList(value);
  if (wrong !== undefined) return wrong;
  const [program = ''] = value as string[];
  return isAbsolute(program) || !program.includes('/')
    ? undefined
    : 'must start with a program name or an absolute path';
};

const isVariableList: Rule = (value) => {
  const names = Array.isArray(value) && value.every((one) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(String(one)));
  return names ? undefined : 'must be a list of names of environment variables';
};

/** The question, on the program's standard input, so that nothing of it shows in argv or in its environment. */
function question({ connection, user, session }: CredentialContext): string {
  const { name, type, host, port, database } = connection;
  const { iss, sub, email, groups } = user;
  return `${JSON.stringify({ version: 1, session, connection: { name, type, host, port, database }, user: { iss, sub, email, groups } })}\n`;
}

function minimal(context: CredentialContext): NodeJS.ProcessEnv {
  const named = context.connection.credential['environment'];
  const names = [...VARIABLES, ...(Array.isArray(named) ? (named as string[]) : [])];
  const found = names.map((name) => [name, context.environment[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code or signal; 0 is good. */
  readonly end: string;
}

/** Runs the program in a group of its own, so that a timeout ends what it started too. */
function run(context: CredentialContext, argv: readonly string[], seconds: number): Promise<Ran> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      env: minimal(context),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const chunks = { stdout: '', stderr: '' };
    const stop = (why: string) => {
      if (child.pid !== undefined && child.exitCode === null) {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It ended by itself in between.
        }
      }
      finish(() => reject(new Error(why)));
    };
    const timer = setTimeout(() => stop(`it did not answer within ${seconds} s`), seconds * 1000);
    const aborted = () => stop('it was interrupted');
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      context.signal.removeEventListener('abort', aborted);
      settle();
    };
    context.signal.addEventListener('abort', aborted, { once: true });
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish(() =>
        reject(
          new Error(
            error.code === 'ENOENT' ? `${program} is not installed` : `it cannot be started (${error.code})`,
          ),
        ),
      ),
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      chunks.stdout += text;
      if (chunks.stdout.length > MAX_OUTPUT) stop('it answers far too much');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      chunks.stderr = (chunks.stderr + text).slice(-MAX_COMPLAINT);
    });
    child.stdin.on('error', () => {});
    child.stdin.end(question(context));
    child.once('close', (code, signal) => finish(() => resolve({ ...chunks, end: signal ?? String(code) })));
    if (context.signal.aborted) aborted();
  });
}

/** Milliseconds from an RFC 3339 time; undefined when it is none. */
function parseExpires(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

type Parsed = { readonly credential: Credential } | { readonly problem: string };

/** Reads the program's answer; never repeats any of it, it may hold a secret. */
function parseAnswer(text: string, otherwise: string | undefined, now: number): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'its answer is not JSON' };
  }
  if (typeof value !== 'object' || value === null) return { problem: 'its answer is not a JSON object' };
  const { user: given, password, token, expires: when, host, port } = value as Record<string, unknown>;
  const user = given ?? otherwise;
  if (typeof user !== 'string' || user === '') return { problem: 'its answer names no user' };
  if ((password === undefined) === (token === undefined))
    return { problem: 'its answer needs either password or token' };
  const secret = password ?? token;
  if (typeof secret !== 'string' || secret === '') return { problem: 'its password or token is not text' };
  const expires = when === undefined ? undefined : parseExpires(when);
  if (when !== undefined && expires === undefined) return { problem: 'its expires is not an RFC 3339 time' };
  if (expires !== undefined && expires <= now)
    return { problem: 'the credential it gave has expired already' };
  if (host !== undefined && isText(host) !== undefined) return { problem: 'its host is not text' };
  if (port !== undefined && between(1, 65_535)(port) !== undefined)
    return { problem: 'its port is not a port' };
  return {
    credential: {
      user,
      secret:
        password === undefined ? { kind: 'bearer', token: secret } : { kind: 'password', password: secret },
      label: 'plug-in',
      ...(expires === undefined ? {} : { expires }),
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof port === 'number' ? { port } : {}),
    },
  };
}

export const exec: CredentialSource = {
  id: 'exec',
  check: (settings) =>
    checkSettings(settings, {
      command: { required: true, rule: isCommand },
      user: { rule: isText },
      timeout: { rule: between(1, 600) },
      environment: { rule: isVariableList },
    }),
  obtain: async (context) => {
    const { name, credential } = context.connection;
    const argv = credential['command'] as readonly string[];
    const mend = `run it yourself to see: ${argv[0]}`;
    let ran: Ran;
    try {
      ran = await run(context, argv, numberOf(credential, 'timeout', 30));
    } catch (error) {
      throw credentialFailed(name, `${argv[0]}: ${(error as Error).message}`, mend);
    }
    if (ran.end !== '0') {
      const complaint = visible(ran.stderr.trim());
      throw credentialFailed(
        name,
        `${argv[0]} ended with ${ran.end}${complaint ? `: ${complaint}` : ''}`,
        mend,
      );
    }
    const parsed = parseAnswer(ran.stdout, textOf(credential, 'user'), context.now());
    if ('problem' in parsed) throw credentialFailed(name, `${argv[0]}: ${parsed.problem}`, mend);
    return { credential: parsed.credential, release: async () => {} };
  },
};
