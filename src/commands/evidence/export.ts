// Hands evidence out of the store, verified on the way. Must never leave a folder that looks whole and is not.
import { resolve } from 'node:path';
import type { Exporter, ExportFooter, ExportTarget } from '../../exporters/index.ts';
import { EXPORTERS } from '../../exporters/index.ts';
import { verifyStore } from '../../flow/verify/index.ts';
import { visible } from '../../lib/visible.ts';
import { asBrokerError, BrokerError, EXIT } from '../../model/errors.ts';
import { type Verification, verified } from '../../model/verdict.ts';
import type { CommandContext } from '../command.ts';
import { type Evidence, openEvidence, pinsOf } from '../evidence.ts';
import { filtersOf, typedFilters } from '../evidence-filters.ts';
import { type FolderTarget, folderTarget, streamTarget } from './folder.ts';
import { Handover } from './handover.ts';
import { checkpointOf, Heads } from './outside.ts';
import { rememberingRecent } from './recent.ts';
import { typedWithheld, type Withheld, withheldOf } from './withhold.ts';

async function exporterOf(format: string): Promise<Exporter> {
  const row = EXPORTERS[format];
  if (!row)
    throw new BrokerError('usage', {
      reason: `there is no format ${format}; there are ${Object.keys(EXPORTERS).join(', ')}`,
      command: 'export',
    });
  return row();
}

/** The auditor is audited: the agent signs an `access` statement when it runs; one who may only read says so instead. */
async function recordAccess(
  context: CommandContext,
  detail: Record<string, unknown>,
): Promise<ExportFooter['access']> {
  try {
    const [{ openAgent }, { brokerSettings }] = await Promise.all([
      import('../../front/compose.ts'),
      import('../../agent/client.ts'),
    ]);
    const agent = await openAgent(context, { start: false });
    const { cwd, home, environment } = context;
    const caller = { cwd, home, pid: process.pid, settings: brokerSettings(environment) };
    return { recorded: true, reason: '', key: (await agent.access(caller, detail)).key };
  } catch (error) {
    return { recorded: false, reason: (error as Error).message };
  }
}

interface Exported {
  readonly result: Verification;
  readonly access: ExportFooter['access'];
  readonly handover: Handover;
}

/** Recorded before anything is handed out, since what is read cannot be taken back; and once more when it came to nothing. */
async function recordedExport(
  context: CommandContext,
  evidence: Evidence,
  exporter: Exporter,
  target: FolderTarget | ExportTarget,
): Promise<Exported> {
  const filters = { ...typedFilters(context), ...typedWithheld(context) };
  const prepared = await prepare(context, evidence, exporter);
  const detail = { format: exporter.id, filters };
  const access = await recordAccess(context, detail);
  try {
    const exported = await exportTo(context, evidence, {
      exporter,
      target,
      access,
      typed: filters,
      ...prepared,
    });
    if ('commit' in target) await target.commit();
    return exported;
  } catch (error) {
    if (access.recorded)
      await recordAccess(context, { ...detail, failed: asBrokerError(error).code, of: access.key });
    throw error;
  }
}

/** All that can be wrong with what was asked for, before it is recorded that somebody asked. */
async function prepare(context: CommandContext, { identity, settings }: Evidence, exporter: Exporter) {
  const filters = filtersOf(context, 'export');
  const withheld = withheldFor(context, exporter);
  const checkpoint = await checkpointOf(context, identity.id, 'export');
  const { pins, problem } = await pinsOf(context, settings, context.options['offline'] === true);
  if (problem)
    context.stderr.write(`broker: note: the provider’s keys could not be fetched: ${visible(problem)}\n`);
  return { filters, withheld, checkpoint, pins };
}

interface Order extends Awaited<ReturnType<typeof prepare>> {
  readonly exporter: Exporter;
  readonly target: ExportTarget;
  readonly access: ExportFooter['access'];
  /** Filters as they were typed. */
  readonly typed: Readonly<Record<string, string>>;
}

async function exportTo(context: CommandContext, evidence: Evidence, order: Order): Promise<Exported> {
  const { identity } = evidence;
  const store = rememberingRecent(evidence.store);
  const { clock, signal } = context;
  const { exporter, target, access, typed, filters, withheld, checkpoint, pins } = order;
  const writer = exporter.open(target);
  const made = new Date(clock.now()).toISOString();
  const file = (await store.get('v1/store.json', 4096)) ?? new Uint8Array();
  await writer.header({
    tool: 'broker',
    store: { id: identity.id, url: store.url, file },
    filters: typed,
    made,
  });
  const handover = new Handover({ store, exporter, writer, filters, ...(withheld ? { withheld } : {}) });
  const heads = new Heads();
  const result = await verifyStore(store, {
    ...(checkpoint ? { checkpoint } : {}),
    store: identity.id,
    now: clock.now(),
    signal,
    ...(pins ? { pins } : {}),
    ...(filters.since === undefined ? {} : { since: filters.since }),
    ...(filters.until === undefined ? {} : { until: filters.until }),
    onStatement: (statement) => {
      heads.take(statement);
      return handover.take(statement);
    },
  });
  await handover.unfinished();
  await handover.publications();
  if (handover.unmet !== undefined)
    throw new BrokerError('usage', {
      reason: `--withhold session:${handover.unmet}: no such session is in this export`,
      command: 'export',
    });
  await writer.footer({ verdicts: result, access });
  await heads.keep(context, identity.id, checkpoint, result);
  return { result, access, handover };
}

/** An assessment of events that are not all told would find what is not there. */
function withheldFor(context: CommandContext, exporter: Exporter): Withheld | undefined {
  const withheld = withheldOf(context);
  if (withheld && exporter.judges)
    throw new BrokerError('usage', {
      reason: `the format ${exporter.id} judges all events: nothing can be withheld from it`,
      command: 'export',
    });
  return withheld;
}

/** For who made the export, never in it: what was held back, and where a text stays all the same. */
function tellHeld({ stderr, json, options }: CommandContext, { held }: Handover): void {
  const asked = ['withhold', 'withholdText'].some((name) => typeof options[name] === 'string');
  if (!asked || json) return;
  stderr.write(`broker: note: ${held.events} event${held.events === 1 ? '' : 's'} held back\n`);
  if (held.files > 0)
    stderr.write(
      `broker: note: the text of --withhold-text stands in ${held.files} signed or shared file${held.files === 1 ? '' : 's'}, which cannot be held back: statements, sign-ins, policy\n`,
    );
}

export async function run(context: CommandContext): Promise<number> {
  const { options, stdout, stderr, cwd, json } = context;
  const exporter = await exporterOf(String(options['format'] ?? 'bundle'));
  const output = typeof options['output'] === 'string' ? resolve(cwd, options['output']) : undefined;
  if (output === undefined && !exporter.streams)
    throw new BrokerError('usage', {
      reason: `the format ${exporter.id} needs a folder: --output FOLDER`,
      command: 'export',
    });
  const evidence = await openEvidence(context);
  const folder = output === undefined ? undefined : await folderTarget(output);
  try {
    const target = folder ?? streamTarget(stdout);
    const { result, access, handover } = await recordedExport(context, evidence, exporter, target);
    const { sessions } = handover;
    const verdicts = `${result.integrity.verdict}, ${result.completeness.verdict}`;
    const summary = {
      output: output ?? '-',
      format: exporter.id,
      sessions,
      integrity: result.integrity.verdict,
      completeness: result.completeness.verdict,
      ...(options['withhold'] === undefined && options['withholdText'] === undefined
        ? {}
        : { withheld: handover.held }),
      access,
    };
    if (json && output !== undefined) stdout.write(`${JSON.stringify(summary)}\n`);
    else if (output !== undefined)
      stdout.write(`${sessions} session${sessions === 1 ? '' : 's'} exported to ${output} (${verdicts})\n`);
    tellHeld(context, handover);
    if (!access.recorded && !json)
      stderr.write(`broker: note: this export is not recorded in the ledger: ${access.reason}\n`);
    return verified(result) ? EXIT.done : EXIT.notVerified;
  } catch (error) {
    await folder?.abandon();
    throw error;
  } finally {
    await evidence.store.close();
  }
}
