import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenedSession } from '../../src/agent/client.ts';
import { sweepClientFiles } from '../../src/agent/sweep.ts';
import { passwordLine, prepareClient, programEnvironment, sessionUri } from '../../src/front/clients.ts';
import { findProgram, resolveProgram } from '../../src/front/program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clients-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'psql'), '#!/bin/sh\n/usr/bin/env\n', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const session: OpenedSession = {
  id: '1jbx2k3m4n5p6q7r8',
  connection: 'db',
  protocol: 'postgres',
  address: '127.0.0.1:5432',
  endpoint: { host: '127.0.0.1', port: 40001, user: 'a:b\\c', database: 'my db', secret: 's:e\\cret' },
  database: 'my db',
  spool: '/nowhere',
  prompts: 'digest',
  user: { iss: 'https://login.example.test', sub: 'alice', groups: [] },
  account: 'app',
  serverVersion: '18.1',
  policies: [],
  policyDigest: '',
};

describe('psql is told where the session is', () => {
  it('with a password file that only we can read, escaped as libpq wants, and gone afterwards', () => {
    const prepared = prepareClient(session, folder, { PATH: join(folder, 'bin') }, ['-c', 'select 1']);
    const file = prepared.environment['PGPASSFILE'] ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe('127.0.0.1:40001:*:a\\:b\\\\c:s\\:e\\\\cret\n');
    expect(prepared.args).toEqual(['-c', 'select 1']);
    prepared.clean();
    expect(existsSync(file)).toBe(false);
  });

  it('with nothing of ours, nothing of another server, and no secret in its arguments or environment', () => {
    const environment = {
      PATH: join(folder, 'bin'),
      BROKER_STATE_DIR: '/s',
      PGPASSWORD: 'other',
      PGHOST: 'other',
      PGSERVICE: 'x',
      DATABASE_URL: 'other',
      EDITOR: 'vi',
    };
    const prepared = prepareClient(session, folder, environment, []);
    const seen = execFileSync(prepared.file, prepared.args, { env: prepared.environment, encoding: 'utf8' });
    expect(seen).toContain('EDITOR=vi');
    expect(seen).toContain('PGHOST=127.0.0.1');
    for (const hidden of ['BROKER_', 'PGPASSWORD', 'PGSERVICE', 'DATABASE_URL', session.endpoint.secret])
      expect(seen).not.toContain(hidden);
  });

  it('or that it is not installed', () => {
    expect(() => prepareClient(session, folder, { PATH: '/nonexistent' }, [])).toThrow(
      expect.objectContaining({ code: 'client-missing' }),
    );
  });

  it('and its password file is swept when a front was killed, unless its session lives', () => {
    const prepared = prepareClient(session, folder, { PATH: join(folder, 'bin') }, []);
    const file = prepared.environment['PGPASSFILE'] ?? '';
    writeFileSync(join(folder, 'agent.lock.1'), '');
    sweepClientFiles(folder, new Set([session.id]));
    expect(existsSync(file)).toBe(true);
    sweepClientFiles(folder, new Set());
    expect(existsSync(file)).toBe(false);
    expect(existsSync(join(folder, 'agent.lock.1'))).toBe(true);
  });
});

describe('a program of one’s own', () => {
  it('gets the session and nothing else of ours', () => {
    const environment = programEnvironment(session, {
      HOME: '/home/x',
      BROKER_CONFIG: '/c',
      PGUSER: 'other',
    });
    expect(environment).toMatchObject({
      HOME: '/home/x',
      PGUSER: 'a:b\\c',
      PGPASSWORD: 's:e\\cret',
      PGPORT: '40001',
    });
    expect(environment).not.toHaveProperty('BROKER_CONFIG');
    const url = new URL(environment['DATABASE_URL'] ?? '');
    expect([
      decodeURIComponent(url.username),
      decodeURIComponent(url.password),
      decodeURIComponent(url.pathname),
    ]).toEqual(['a:b\\c', 's:e\\cret', '/my db']);
  });

  it('can be told by a URI whatever its secret is made of', () => {
    const odd = { ...session, endpoint: { ...session.endpoint, secret: '@/?#%:' } };
    expect(decodeURIComponent(new URL(sessionUri(odd)).password)).toBe('@/?#%:');
    expect(passwordLine(odd)).toContain('@/?#%\\:');
  });
});

describe('finding a program', () => {
  it('never takes one from the current folder by way of an empty or relative PATH entry', () => {
    const before = process.cwd();
    process.chdir(join(folder, 'bin'));
    try {
      for (const path of ['', ':', '.', ':.:bin', '../bin'])
        expect(findProgram('psql', path)).toBeUndefined();
    } finally {
      process.chdir(before);
    }
    expect(findProgram('psql', `.:${join(folder, 'bin')}`)).toBe(join(folder, 'bin', 'psql'));
  });

  it('passes over folders and files that cannot be run', () => {
    mkdirSync(join(folder, 'psql'));
    expect(findProgram('psql', folder)).toBeUndefined();
    chmodSync(join(folder, 'bin', 'psql'), 0o644);
    writeFileSync(join(folder, 'bin', 'other'), '', { mode: 0o644 });
    expect(findProgram('other', join(folder, 'bin'))).toBeUndefined();
  });

  it('takes a path as a path', () => {
    expect(resolveProgram('./psql', '', join(folder, 'bin'))).toBe(join(folder, 'bin', 'psql'));
    expect(resolveProgram('psql', '', join(folder, 'bin'))).toBeUndefined();
  });
});
