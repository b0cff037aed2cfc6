// Prints what control tests found. Must never call satisfied what the evidence does not show.
import { type Assessed, Assessment, type State } from '../../exporters/nist/index.ts';
import { verifyStore } from '../../flow/verify/index.ts';
import { visible } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';
import { type Verification, verified } from '../../model/verdict.ts';
import type { CommandContext } from '../command.ts';
import { openEvidence, pinsOf } from '../evidence.ts';
import { filtersOf } from '../evidence-filters.ts';
import { Handover } from './handover.ts';
import { progress } from './verify.ts';

const WORDS: Readonly<Record<State, readonly [word: string, colour: number]>> = {
  satisfied: ['satisfied', 32],
  'not-satisfied': ['not satisfied', 31],
  'not-assessable': ['not assessable', 33],
};

function render(
  results: readonly Assessed[],
  { integrity, completeness }: Verification,
  fancy: boolean,
): string {
  const rows = results.map(({ control, state, reasons }) => {
    const [word, colour] = WORDS[state];
    const shown = fancy ? `\u001b[${colour}m${word.padEnd(14)}\u001b[0m` : word.padEnd(14);
    const why = reasons.map((each) => `\n           ${visible(each, { limit: 400 })}`).join('');
    return `${control.name.padEnd(9)}  ${shown}  ${control.title}${why}\n`;
  });
  const count = (state: State) => results.filter((each) => each.state === state).length;
  const summary = `${count('satisfied')} satisfied, ${count('not-satisfied')} not satisfied, ${count('not-assessable')} not assessable`;
  return `NIST SP 800-53 rev. 5: ${summary}\nINTEGRITY ${integrity.verdict}, COMPLETENESS ${completeness.verdict}\n\n${rows.join('')}`;
}

function plain({ control, state, reasons }: Assessed): object {
  const { id, name, title, objective, human } = control;
  return { control: name, id, title, objective, state, reasons, human };
}

export async function run(context: CommandContext): Promise<number> {
  const { clock, signal, options, stdout, stderr, json, fancy } = context;
  const filters = filtersOf(context, 'report');
  const { store, identity, settings } = await openEvidence(context);
  const bar = progress(context, 'statements assessed:');
  try {
    const assessment = new Assessment(store.url);
    const writer = {
      header: async () => undefined,
      statement: async (each: Parameters<Assessment['statement']>[0]) => assessment.statement(each),
      blob: async () => undefined,
      event: async (each: Parameters<Assessment['event']>[0]) => assessment.event(each),
      footer: async () => undefined,
    };
    const handover = new Handover({
      store,
      exporter: { wants: { blobs: false, events: true } },
      writer,
      filters,
    });
    const { pins, problem } = await pinsOf(context, settings, options['offline'] === true);
    if (problem)
      stderr.write(`broker: note: the provider’s keys could not be fetched: ${visible(problem)}\n`);
    const result = await verifyStore(store, {
      store: identity.id,
      now: clock.now(),
      signal,
      ...(pins ? { pins } : {}),
      ...(filters.since === undefined ? {} : { since: filters.since }),
      ...(filters.until === undefined ? {} : { until: filters.until }),
      onProgress: bar.step,
      onStatement: (statement) => handover.take(statement),
    });
    bar.done();
    const results = assessment.finish(result);
    if (json) {
      const { integrity, completeness, coverage } = result;
      const verdicts = {
        integrity: integrity.verdict,
        completeness: completeness.verdict,
        coverage: coverage.verdict,
      };
      stdout.write(
        `${JSON.stringify({ framework: 'nist-800-53', verdicts, controls: results.map(plain) })}\n`,
      );
    } else stdout.write(render(results, result, fancy));
    if (verified(result)) return EXIT.done;
    if (json) return EXIT.notVerified;
    throw new BrokerError('not-verified', {
      what: 'the evidence of this report',
      reason: `INTEGRITY ${result.integrity.verdict}, COMPLETENESS ${result.completeness.verdict}`,
    });
  } finally {
    bar.done();
    await store.close();
  }
}
