// Looks at what broker talks to: configuration, policy, provider, keychain, store, agent. Must never sign in or store evidence.
import { loosePermissions } from '../../config/permissions.ts';
import { openAgent } from '../../front/compose.ts';
import type { Config } from '../../model/config.ts';
import { BrokerError } from '../../model/errors.ts';
import type { CommandContext } from '../command.ts';
import { loadChecked } from '../setup/shelves.ts';
import { type Finding, failed, note, ok, problem, skipped, warning } from './finding.ts';

export interface Settled {
  readonly config: Config | undefined;
  readonly findings: readonly Finding[];
}

export async function configuration(context: CommandContext): Promise<Settled> {
  const { config, files } = await loadChecked(context);
  const loose = await loosePermissions([...files, ...config.policy]);
  const count = config.connections.size;
  return {
    config,
    findings: [
      ok('configuration', `${files.join(', ')}: ${count} connection${count === 1 ? '' : 's'}`),
      ...loose.map(({ path, mend }) => problem('permissions', `others may write ${path}`, mend)),
    ],
  };
}

/** What the agent knows of the published policy; it is not started only to look. */
async function published({ teamPolicy }: Config, context: CommandContext): Promise<readonly Finding[]> {
  if (!teamPolicy) return [];
  const status = await openAgent(context, { start: false }).then(
    (found) => found.status(),
    () => undefined,
  );
  const { policy: found } = status ?? {};
  if (!found) return [skipped('team policy', 'known once the agent runs', 'broker policy log')];
  const { version, refused = '', problems, failure } = found;
  const log = 'broker policy log';
  const force = version
    ? ok(
        'team policy',
        `published version ${version.number} by ${version.signer.email ?? version.signer.sub}`,
      )
    : problem('team policy', `nothing is in force: ${refused}`, log);
  return [
    force,
    ...problems.map((each) =>
      problem('team policy', `version ${each.version} does not count: ${each.reason}`, log),
    ),
    ...(failure === undefined
      ? []
      : [warning('team policy', `the last look failed: ${failure}`, 'broker doctor --store')]),
  ];
}

export async function policy(config: Config, context: CommandContext): Promise<readonly Finding[]> {
  return [...(await localPolicy(config)), ...(await published(config, context))];
}

async function localPolicy({ policy: paths, teamPolicy }: Config): Promise<readonly Finding[]> {
  const { readPolicies } = await import('../policy-source.ts');
  const { loadPolicies } = await import('../../flow/decide/index.ts');
  const { policies } = await loadPolicies(await readPolicies(paths));
  const count = policies.size;
  if (count === 0 && teamPolicy) return [ok('policy', 'nothing local beside what is published')];
  if (count === 0)
    return [
      warning(
        'policy',
        'there is none, so nothing is permitted',
        'name Cedar files under `policy:` in broker.yaml',
      ),
    ];
  return [ok('policy', `${count} polic${count === 1 ? 'y' : 'ies'}`)];
}

const LEEWAY = 60_000;

function clock(check: string, skew: number, whose: string): Finding {
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (Math.abs(skew) < LEEWAY) return ok(check, `in step with ${whose} (${seconds} s)`);
  const where = skew > 0 ? 'behind' : 'ahead of';
  return problem(check, `this machine is ${seconds} s ${where} ${whose}`, 'timedatectl set-ntp true');
}

export async function provider(config: Config, context: CommandContext): Promise<readonly Finding[]> {
  const { identity } = config;
  if (!identity)
    return [problem('provider', 'no identity provider is named', 'fill in `identity:` in broker.yaml')];
  const { discover } = await import('../../identity/provider.ts');
  const { issuer, clientId } = identity;
  const found = await discover({ issuer, clientId, clock: context.clock, signal: context.signal });
  const { keys } = JSON.parse((await found.sightJwks()).text) as { keys: readonly unknown[] };
  const skew = found.skew();
  return [
    ok('provider', `${found.issuer}, ${keys.length} key${keys.length === 1 ? '' : 's'}`),
    ...(skew === undefined ? [] : [clock('clock', skew, 'the provider')]),
  ];
}

/** The agent's answer when one runs: it has the keychain open already. None is started only to look. */
export async function agent(context: CommandContext): Promise<readonly Finding[]> {
  try {
    const status = await (await openAgent(context, { start: false })).status();
    const { version, pid, sessions, backlog, keychain } = status;
    const findings = [ok('agent', `${version}, process ${pid}, ${sessions.length} open sessions`)];
    if (keychain) findings.push(ok('keychain', keychain));
    if (backlog.problem !== undefined)
      findings.push(
        warning('uploads', `${backlog.objects} objects wait: ${backlog.problem}`, 'broker status'),
      );
    return findings;
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'agent-unreachable')
      return [skipped('agent', 'not running; it starts when it is needed')];
    throw error;
  }
}

export async function keychain(config: Config, context: CommandContext): Promise<readonly Finding[]> {
  const { openKeychain } = await import('../../identity/index.ts');
  const { paths } = await import('../../config/paths.ts');
  const passphrase = context.environment['BROKER_KEYCHAIN_PASSPHRASE'];
  const { state } = paths(context.home, context.environment);
  const opened = await openKeychain({
    preference: config.keychain,
    stateDir: state,
    ...(passphrase ? { passphrase } : {}),
  });
  if (opened.kind === 'system') return [ok('keychain', 'the system’s keychain')];
  return [ok('keychain', `an encrypted file under ${state}${opened.reason ? ` (${opened.reason})` : ''}`)];
}

/** Writes and reads probe objects, so only when asked. */
export async function store(
  { store: { url, unsafe, retention } }: Config,
  context: CommandContext,
): Promise<readonly Finding[]> {
  if (context.options['store'] !== true)
    return [skipped('store', `${url}, not tried`, 'broker doctor --store')];
  const found = await probe(url, unsafe, context).catch((error: unknown) => [awayFrom(error)]);
  return [...found, ...(await storeRights(url, retention !== undefined, context))];
}

/** The usual hint is to come here. */
function awayFrom(error: unknown): Finding {
  const found = failed('store', error);
  const circular = found.mend?.startsWith('check it with');
  return circular ? { ...found, mend: 'bring it back, or correct store.url in broker.yaml' } : found;
}

/** What to hand to whoever administers the bucket. */
async function storeRights(
  url: string,
  retention: boolean,
  { environment }: CommandContext,
): Promise<readonly Finding[]> {
  if (!url.startsWith('s3:')) return [];
  const { parseAddress } = await import('../../stores/s3-address.ts');
  const { BUCKET_ADVICE, leastRights } = await import('../../stores/s3-rights.ts');
  const address = parseAddress(url, environment);
  const policy = (role: 'writer' | 'approver' | 'reader') =>
    JSON.stringify(leastRights(address, role, { retention }), undefined, 2);
  return [
    note('store rights', `an IAM policy that is enough for people with sessions\n${policy('writer')}`),
    note('store rights', `for people who only approve\n${policy('approver')}`),
    note('store rights', `for auditors\n${policy('reader')}`),
    note('bucket', BUCKET_ADVICE),
  ];
}

async function probe(url: string, unsafe: boolean, context: CommandContext): Promise<readonly Finding[]> {
  const { openStore } = await import('../../stores/index.ts');
  const opened = await openStore(url, context.environment);
  try {
    const { problems, skew } = await opened.probe();
    const [first] = problems;
    if (first === undefined)
      return [
        ok('store', `${url} refuses overwriting and wrong checksums`),
        clock('store clock', skew, 'the store'),
      ];
    const mend = 'use another bucket or folder, or accept it knowingly with `store.unsafe: true`';
    const detail = `${url}: ${problems.join('; ')}`;
    return [unsafe ? warning('store', `${detail} (accepted)`, mend) : problem('store', detail, mend)];
  } finally {
    await opened.close();
  }
}

/** Said plainly to whoever asks how things are: docs/threat-model.md. */
export function limits(): readonly Finding[] {
  return [
    note('enforcement', 'local: who controls this account can get round broker; the evidence is labelled so'),
    note('masking', 'hides values, not what predicates, timing or prose give away: docs/threat-model.md'),
  ];
}
