// Says what was checked and what does not hold. Must never exit 0 on anything but VALID and COMPLETE.
import { visible } from '../../lib/visible.ts';
import { formatBytes } from '../../lib/when.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import type { Store } from '../../model/store.ts';
import {
  type CompletenessFinding,
  type CoverageFinding,
  type IntegrityFinding,
  type Verification,
  verified,
} from '../../model/verdict.ts';
import type { CommandContext } from '../command.ts';
import { openEvidence, pinsOf } from '../evidence.ts';
import { filtersOf } from '../evidence-filters.ts';
import { authoritiesOf, checkpointOf, targetLogOf } from './outside.ts';

const GOOD = new Set(['VALID', 'COMPLETE', 'COVERED']);
const SHOWN = 20;

function paint(word: string, fancy: boolean): string {
  if (!fancy) return word;
  const colour = GOOD.has(word) ? 32 : word === 'NOT CHECKED' ? 2 : 31;
  return `\u001b[${colour}m${word}\u001b[0m`;
}

function findingLines(
  findings: readonly (IntegrityFinding | CompletenessFinding | CoverageFinding)[],
): string[] {
  const lines = findings.slice(0, SHOWN).map((each) => {
    const file = each.file === '' ? '' : `\n      ${visible(each.file)}`;
    return `  ${each.verdict} at ${each.step}: ${visible(each.reason)}${file}`;
  });
  if (findings.length > SHOWN) lines.push(`  … and ${findings.length - SHOWN} more; --json has all`);
  return lines;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function lockLine({ locked, mode, until }: NonNullable<Verification['retention']>): string {
  return locked
    ? `RETENTION     the newest statement is locked until ${until} (${mode})`
    : 'RETENTION     none: whoever administers the bucket can delete what is in it';
}

/** Verdicts first, then reasons, then what was looked at. */
export function renderVerification(result: Verification, fancy: boolean): string {
  const { integrity, completeness, coverage, checked, notes, signers, window, retention } = result;
  const span = [window.since && `from ${window.since}`, window.until && `to ${window.until}`]
    .filter(Boolean)
    .join(' ');
  const people = new Set(signers.map((each) => `${each.iss} ${each.sub}`)).size;
  return [
    `INTEGRITY     ${paint(integrity.verdict, fancy)}`,
    ...findingLines(integrity.findings),
    `COMPLETENESS  ${paint(completeness.verdict, fancy)}`,
    ...findingLines(completeness.findings),
    `COVERAGE      ${paint(coverage.verdict, fancy)}`,
    ...findingLines(coverage.findings ?? []),
    ...(retention ? [lockLine(retention)] : []),
    ...notes.slice(0, SHOWN).map((note) => `note: ${visible(note.text)}`),
    ...(notes.length > SHOWN ? [`note: ${notes.length - SHOWN} more notes; --json has all`] : []),
    `checked: ${plural(checked.statements, 'signature')} of ${people === 1 ? 'one person' : `${people} people`} in ${plural(signers.length, 'chain')}, ` +
      `${plural(checked.sessions, 'session')}, ${plural(checked.events, 'event')}, ${checked.policies ? `${plural(checked.policies, 'version')} of the policy, ` : ''}${plural(checked.blobs, 'blob')} (${formatBytes(checked.bytes)})${span ? `, ${span}` : ''}`,
    '',
  ].join('\n');
}

/** A line that counts up on a terminal, and is gone afterwards. */
export function progress(
  { stderr, fancy }: CommandContext,
  what: string,
): { step(count: number): void; done(): void } {
  const shown = fancy && stderr.isTTY === true;
  return {
    step: (count) => {
      if (shown && count % 200 === 0) stderr.write(`\r${what} ${count}`);
    },
    done: () => {
      if (shown) stderr.write('\r\u001b[K');
    },
  };
}

export async function run(context: CommandContext): Promise<number> {
  const { args, options, stdout, clock, signal } = context;
  const evidence = await openEvidence(context, args[0]);
  const { store, identity, settings } = evidence;
  const bar = progress(context, 'statements verified:');
  try {
    const { verifyStore, withheldOf } = await import('../../flow/verify/index.ts');
    const { since, until } = filtersOf(context, 'verify');
    const { pins, problem } = await pinsOf(context, settings, options['offline'] === true);
    if (problem)
      context.stderr.write(`broker: note: the provider’s keys could not be fetched: ${visible(problem)}\n`);
    const [checkpoint, targetLog] = [
      await checkpointOf(context, identity.id, 'verify'),
      await targetLogOf(context),
    ];
    const tsa = await authoritiesOf(context);
    const newest = { key: '' };
    const found = await verifyStore(store, {
      ...(tsa === undefined ? {} : { tsa }),
      deep: options['deep'] === true,
      onStatement: ({ key }) => {
        newest.key = key;
      },
      ...(checkpoint ? { checkpoint } : {}),
      ...(targetLog ? { targetLog } : {}),
      store: identity.id,
      now: clock.now(),
      signal,
      ...(evidence.exported ? await withheldOf(store) : {}),
      ...(pins ? { pins } : {}),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      onProgress: bar.step,
    });
    const result = { ...found, ...(await lockOf(store, newest.key)) };
    bar.done();
    if (context.json) stdout.write(`${JSON.stringify(result)}\n`);
    else stdout.write(renderVerification(result, context.fancy));
    return verified(result) ? EXIT.done : fail(context, result);
  } finally {
    bar.done();
    await store.close();
  }
}

/** Whether the newest statement is locked; nothing where stores cannot, or do not say. */
async function lockOf(store: Store, key: string): Promise<Pick<Verification, 'retention'>> {
  if (!store.retention || key === '') return {};
  try {
    const found = await store.retention(key);
    return {
      retention: found
        ? { locked: true, mode: found.mode, until: new Date(found.until).toISOString() }
        : { locked: false },
    };
  } catch {
    // Who may only read objects need not be allowed to read their locks.
    return {};
  }
}

/** The verdicts are on stdout already; with --json they are all there is to say. */
function fail(context: CommandContext, { integrity, completeness, coverage }: Verification): number {
  if (context.json) return EXIT.notVerified;
  const first = integrity.findings[0] ?? completeness.findings[0] ?? coverage.findings?.[0];
  throw new BrokerError('not-verified', {
    what: first?.file || 'the evidence',
    reason: first ? `${first.verdict} at ${first.step}` : integrity.verdict,
  });
}
