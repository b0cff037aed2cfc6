// npm run demo: the main job, run for real on this machine, told step by step. Needs no root, no service, no network.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { which } from '../peers/peer.ts';
import { type Finished, startWorld, type World } from '../peers/world.ts';
import { bold, createNarrator, dim, type Narrator, red } from './narrator.ts';
import { SCENES } from './queries.ts';
import { openTerminal } from './terminal.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;
const flags = new Set(process.argv.slice(2));
const pauses = process.stdin.isTTY === true && process.stdout.isTTY === true && !flags.has('--no-pause');

function expect(holds: boolean, what: string, output: string): void {
  if (!holds) throw new Error(`the demo expected: ${what}\n${output}`);
}

async function show(
  tell: Narrator,
  world: World,
  args: readonly string[],
  shown = args.join(' '),
): Promise<Finished> {
  tell.typed(`broker ${shown}`);
  const finished = await world.broker(args);
  tell.output(`${finished.stdout}${finished.stderr}`);
  return finished;
}

async function signIn(tell: Narrator, world: World): Promise<void> {
  await tell.step(
    'Sign in',
    'OIDC with PKCE; the page is driven over HTTP as your browser would. The ID token commits to a fresh key.',
  );
  tell.typed('broker login');
  await world.signIn();
  const { stdout } = await world.broker(['whoami']);
  tell.output(stdout);
  expect(stdout.includes('alice'), 'alice is signed in', stdout);
  tell.proved('signed in; every signature made from now on names this person');
}

async function inPsql(tell: Narrator, world: World): Promise<void> {
  tell.typed('broker connect prod-db');
  const terminal = openTerminal({
    file: process.execPath,
    args: [BROKER, 'connect', 'prod-db', '--', '-X', '-P', 'pager=off'],
    environment: { ...world.environment, PAGER: 'cat' },
    cwd: world.home,
    prompt: /=> $/,
    deadline: 20_000,
  });
  await terminal.ready();
  for (const { sql, proves, holds } of SCENES) {
    const output = await terminal.type(sql);
    tell.output(
      `shop=> ${output.replaceAll('\u001b[?2004h', '').replaceAll('\u001b[?2004l', '')}`.replace(
        /\n[^\n]*=> $/,
        '',
      ),
    );
    expect(holds(output), proves, output);
    tell.proved(proves);
  }
  const code = await terminal.leave('\\q');
  expect(code === 0, 'psql ended well', String(code));
}

async function inQuery(tell: Narrator, world: World): Promise<void> {
  tell.line(dim('   (psql is not installed, so this uses the built-in client)'));
  for (const { sql, proves, holds } of SCENES) {
    const { stdout, stderr } = await show(tell, world, ['query', 'prod-db', sql], `query prod-db "${sql}"`);
    expect(holds(stdout + stderr), proves, stdout + stderr);
    tell.proved(proves);
  }
}

async function work(tell: Narrator, world: World): Promise<void> {
  await tell.step(
    'Work on the database',
    'A short-lived role was made for this session; every statement is judged, every answer masked.',
  );
  await (which('psql') ? inPsql(tell, world) : inQuery(tell, world));
  const roles = await world.postgres.query(
    "select count(*)::int as n from pg_roles where rolname like 'broker\\_%'",
  );
  expect(roles[0]?.['n'] === 0, 'the role is gone', JSON.stringify(roles));
  tell.proved('the session is over: its role is dropped, its recording sealed, signed and in the store');
}

async function look(tell: Narrator, world: World): Promise<void> {
  await tell.step('Look back', 'Sessions, and the recording of the terminal, come from the shared store.');
  const id = await sealed(world);
  const listed = await show(tell, world, ['sessions', 'ls']);
  expect(listed.code === 0, 'sessions are listed', listed.stderr);
  if (!which('psql')) return;
  const replayed = await show(tell, world, ['replay', id, '--no-wait']);
  expect(
    replayed.stdout.includes('no-blind-writes'),
    'the replay shows the refusal',
    replayed.stdout + replayed.stderr,
  );
  tell.proved('what was on the screen is on record, masked before it was written');
}

async function hand(tell: Narrator, world: World): Promise<void> {
  await tell.step('Hand it to an auditor', 'The export can be checked offline, with broker or without it.');
  const folder = join(world.folder, 'evidence');
  const exported = await show(
    tell,
    world,
    ['export', '--since', '1h', '-o', folder],
    'export --since 1h -o evidence',
  );
  expect(exported.code === 0, 'the export succeeds', exported.stderr);
  const verified = await show(tell, world, ['verify', '--since', '1h'], 'verify --since 1h');
  expect(verified.code === 0, 'everything verifies', verified.stdout + verified.stderr);
  tell.proved('unaltered and complete');
  if (!['bash', 'jq', 'openssl', 'sha256sum'].every(which)) return;
  tell.typed('evidence/verify.sh');
  const said = execFileSync('bash', [join(folder, 'verify.sh')], {
    encoding: 'utf8',
    env: world.environment,
  });
  tell.output(said);
  tell.proved('the same again from a shell script: nobody needs to trust broker');
}

function newest(folder: string, suffix: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(folder, name));
  const [first] = files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (!first) throw new Error(`there is no ${suffix} in ${folder}`);
  return first;
}

/** The file with one word of its signed payload replaced by another of the same length. */
function edited(file: Buffer, from: string, to: string): string {
  const text = file.toString('utf8');
  const payload = /"payload":"([^"]+)"/.exec(text)?.[1] ?? '';
  const inside = Buffer.from(payload, 'base64').toString('latin1');
  expect(inside.includes(from), `${from} is in the statement`, inside);
  return text.replace(payload, Buffer.from(inside.replace(from, to), 'latin1').toString('base64'));
}

/** Waits for the upload that goes on after the client has left; the session as `sessions ls` tells it. */
async function sealed(world: World): Promise<string> {
  for (const late = Date.now() + 20_000; Date.now() < late; ) {
    const { stdout } = await world.broker(['sessions', 'ls', '--json']);
    const [line = '{}'] = stdout.trim().split('\n');
    const { session = '', end } = JSON.parse(line || '{}') as { session?: string; end?: string };
    if (end !== undefined && end !== 'open') return session;
  }
  throw new Error('the session was not sealed in 20 s');
}

async function tamper(tell: Narrator, world: World): Promise<void> {
  await tell.step('Change one byte', 'Somebody with write access to the store alters what was signed.');
  const file = newest(join(world.store, 'v1', 'stmt'), '-session.sigstore.json');
  const honest = readFileSync(file);
  writeFileSync(file, edited(honest, '"denied":1', '"denied":0'));
  tell.line(dim(`   in ${relative(world.store, file)} the number of refused statements is now 0`));
  const verified = await show(tell, world, ['verify', '--since', '1h'], 'verify --since 1h; echo $?');
  tell.output(String(verified.code));
  const said = verified.stdout + verified.stderr;
  expect(
    verified.code === 6 && said.includes(relative(world.store, file)),
    'verify names the file and exits with 6',
    said,
  );
  tell.proved('found, with the file and the step that failed, and exit code 6');
  writeFileSync(file, honest);
}

function goodbye(tell: Narrator, world: World): void {
  tell.line();
  tell.line(bold('That was the main job. Against your own database:'));
  tell.line('   npm link                        # puts broker on your PATH');
  tell.line('   broker init                     # a commented configuration and policy');
  tell.line('   broker connections add prod-db --host … --database … --label env:prod');
  tell.line('   broker doctor                   # what is missing, and the command that mends it');
  tell.line('   broker login && broker connect prod-db');
  if (!flags.has('--keep')) {
    tell.line(dim('   (npm run demo -- --keep leaves this little world running to explore)'));
    return;
  }
  tell.line();
  tell.line(bold('The little world keeps running until Ctrl-C. In another terminal:'));
  for (const [name, value] of Object.entries(world.environment))
    if (name !== 'PATH') tell.line(`   export ${name}='${value}'`);
  tell.line(`   alias broker='node ${BROKER}'`);
}

const started = Date.now();
const tell = createNarrator(pauses);
tell.line(bold('broker, in one minute'));
tell.line(dim('A PostgreSQL 18, an OIDC provider and a store, all on this machine, just for this.'));
const world = await startWorld();
let interrupted: () => void = () => undefined;
const ctrlC = new Promise<void>((resolve) => {
  interrupted = () => {
    process.exitCode = flags.has('--keep') ? 0 : 130;
    resolve();
  };
});
process.once('SIGINT', interrupted);
process.once('SIGTERM', interrupted);
async function story(): Promise<void> {
  await signIn(tell, world);
  await work(tell, world);
  await look(tell, world);
  await hand(tell, world);
  await tamper(tell, world);
  goodbye(tell, world);
  if (flags.has('--keep')) await ctrlC;
}
try {
  await Promise.race([story(), ctrlC]);
  tell.line(dim(`\n   ${Math.round((Date.now() - started) / 1000)} s`));
} catch (error) {
  process.stderr.write(
    `${red('the demo failed')}: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
} finally {
  await world.stop();
}
process.exit();
