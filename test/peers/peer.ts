// Says which foreign programs this machine has. With BROKER_REQUIRE_PEERS=1 a missing one fails instead of being skipped.
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Peer {
  /** Programs that must all be found. */
  readonly programs: readonly string[];
  /** Python modules that must all import. */
  readonly modules?: readonly string[];
  /** The one command that brings it (Debian). */
  readonly install: string;
}

export const PEERS = {
  psql: { programs: ['psql'], install: 'apt-get install -y postgresql-client' },
  'postgres-15': {
    programs: ['/usr/lib/postgresql/15/bin/postgres'],
    install: 'apt-get install -y postgresql-15 postgresql-contrib',
  },
  pgbench: {
    programs: ['/usr/lib/postgresql/15/bin/pgbench'],
    install: 'apt-get install -y postgresql-15 postgresql-contrib',
  },
  sqlsmith: { programs: ['sqlsmith'], install: 'apt-get install -y sqlsmith' },
  pgbouncer: { programs: ['pgbouncer'], install: 'apt-get install -y pgbouncer' },
  psycopg: {
    programs: ['/usr/bin/python3'],
    modules: ['psycopg'],
    install: 'apt-get install -y python3-psycopg',
  },
  psycopg2: {
    programs: ['/usr/bin/python3'],
    modules: ['psycopg2'],
    install: 'apt-get install -y python3-psycopg2',
  },
  django: {
    programs: ['/usr/bin/python3'],
    modules: ['django', 'psycopg2'],
    install: 'apt-get install -y python3-django python3-psycopg2',
  },
  asyncpg: {
    programs: ['/usr/bin/python3'],
    modules: ['asyncpg'],
    install: 'apt-get install -y python3-asyncpg',
  },
  s3: {
    programs: ['radosgw', 'ceph-mon', 'ceph-osd', 'radosgw-admin'],
    install: 'apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd',
  },
  glewlwyd: { programs: ['glewlwyd', 'sqlite3'], install: 'apt-get install -y glewlwyd sqlite3' },
  keyring: {
    programs: ['gnome-keyring-daemon', 'dbus-run-session'],
    install: 'apt-get install -y gnome-keyring dbus libsecret-1-0',
  },
  chromium: { programs: ['chromium'], install: 'apt-get install -y chromium' },
  asciinema: { programs: ['asciinema'], install: 'apt-get install -y asciinema' },
  sshd: { programs: ['/usr/sbin/sshd', 'ssh'], install: 'apt-get install -y openssh-server openssh-client' },
  'openssl-jq': {
    programs: ['openssl', 'jq', 'sha256sum', 'basenc', 'dash'],
    install: 'apt-get install -y openssl jq coreutils dash',
  },
  tmux: { programs: ['tmux'], install: 'apt-get install -y tmux' },
  expect: { programs: ['expect'], install: 'apt-get install -y expect' },
  fish: { programs: ['fish'], install: 'apt-get install -y fish' },
  zsh: { programs: ['zsh'], install: 'apt-get install -y zsh' },
  man: { programs: ['man'], install: 'apt-get install -y man-db' },
  tomllib: { programs: ['/usr/bin/python3'], modules: ['tomllib'], install: 'apt-get install -y python3' },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof PEERS;

/** Where a program is, looked up as a shell would; absolute names are checked as they are. */
export function which(program: string): string | undefined {
  const candidates = program.startsWith('/')
    ? [program]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function imports(module: string): boolean {
  try {
    execFileSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const answers = new Map<PeerName, boolean>();

/** True when the peer is here. With BROKER_REQUIRE_PEERS=1 a missing peer throws, so that the test file fails. */
export function peer(name: PeerName): boolean {
  let found = answers.get(name);
  if (found === undefined) {
    const row: Peer = PEERS[name];
    found = row.programs.every((program) => which(program)) && (row.modules ?? []).every(imports);
    answers.set(name, found);
  }
  if (!found && process.env['BROKER_REQUIRE_PEERS'] === '1')
    throw new Error(`peer ${name} is missing: ${PEERS[name].install}`);
  return found;
}
