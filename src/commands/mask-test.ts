// broker mask test: what masking would hide in a text, where and why. Must never print a raw value it found.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { MaskStrategy } from '../model/connection.ts';
import { BrokerError, EXIT } from '../model/errors.ts';
import type { Scanner } from '../model/masking.ts';
import type { CommandContext, CommandDefinition } from './command.ts';
import type { Finding } from './mask-findings.ts';

function usage(reason: string): BrokerError {
  return new BrokerError('usage', { reason, command: 'mask test' });
}

async function scannerOf(context: CommandContext): Promise<Scanner> {
  const { createScanner, DATA_TYPES } = await import('../detectors/index.ts');
  const given = context.options['type'];
  if (typeof given !== 'string') return createScanner();
  const types = given.split(',').map((type) => type.trim());
  const unknown = types.find((type) => !DATA_TYPES.includes(type));
  if (unknown === undefined) return createScanner(types);
  throw usage(`there is no detector for ${unknown}; there are ${DATA_TYPES.join(', ')}`);
}

async function inputOf(context: CommandContext): Promise<Readable> {
  const [file] = context.args;
  if (file === undefined || file === '-') {
    if (file === undefined && context.stdin.isTTY === true)
      throw usage('give a FILE, or - to read standard input');
    return context.stdin;
  }
  const path = resolve(context.cwd, file);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) throw usage(`there is no file ${file}`);
  return createReadStream(path, { highWaterMark: 1 << 20 });
}

async function write(context: CommandContext, text: string): Promise<void> {
  if (!context.stdout.write(text))
    await once(context.stdout, 'drain', { signal: context.signal }).catch(() => undefined);
}

async function row(finding: Finding, fancy: boolean): Promise<string> {
  const { visible } = await import('../lib/visible.ts');
  const place = `${finding.line}:${finding.column}`.padStart(9);
  const type = finding.type.padEnd(17);
  const shown = visible(finding.excerpt, { limit: 100 });
  return fancy ? `${place}  \u001b[33m${type}\u001b[0m  ${shown}\n` : `${place}  ${type}  ${shown}\n`;
}

function summary(counts: ReadonlyMap<string, number>, lines: number): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const many = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  if (total === 0) return `nothing would be masked in ${many(lines, 'line')}\n`;
  const types = [...counts].sort((a, b) => b[1] - a[1]).map(([type, count]) => `${type} ${count}`);
  return `${many(total, 'value')} would be masked in ${many(lines, 'line')}: ${types.join(', ')}\n`;
}

async function run(context: CommandContext): Promise<number> {
  const { json, fancy } = context;
  const scanner = await scannerOf(context);
  const strategy = (context.options['strategy'] ?? 'redact') as MaskStrategy;
  const input = await inputOf(context);
  const { Findings } = await import('./mask-findings.ts');
  // Hashes are of this run only: a preview must not be joinable with anything.
  const { randomBytes } = await import('node:crypto');
  const findings = new Findings({ scanner, strategy, hashKey: randomBytes(32) });
  let written = 0;
  if (json) await write(context, '{"found":[');
  const report = async (found: readonly Finding[]): Promise<void> => {
    for (const finding of found) {
      await write(
        context,
        json ? `${written > 0 ? ',' : ''}\n${JSON.stringify(finding)}` : await row(finding, fancy),
      );
      written += 1;
    }
  };
  // Ctrl-C is heard while waiting for more text too.
  const { addAbortSignal } = await import('node:stream');
  addAbortSignal(context.signal, input);
  try {
    for await (const chunk of input) {
      if (context.signal.aborted) return EXIT.interrupted;
      await report(findings.push(chunk));
    }
  } catch (error) {
    if (context.signal.aborted) return EXIT.interrupted;
    throw error;
  }
  await report(findings.end());
  const { counts, lines } = findings;
  if (json)
    await write(context, `],"types":${JSON.stringify(Object.fromEntries(counts))},"lines":${lines}}\n`);
  else await write(context, summary(counts, lines));
  return EXIT.done;
}

export const maskTest: CommandDefinition = {
  name: 'mask test',
  group: 'policy',
  summary: 'show what would be masked in a text, and why',
  description: [
    'Runs the detectors over a file or standard input and prints each place (line:column), its data type and the line around it, masked. The raw value is never printed. In tables the names of columns count, and base64 and hexadecimal are looked into.',
    'This is the second of two nets. The first follows the protected columns of a connection by identity, whatever their values look like.',
  ],
  arguments: [
    {
      name: 'FILE',
      summary: 'a text file; - or nothing reads standard input',
      required: false,
      completes: 'file',
    },
  ],
  options: [
    {
      flags: '--type <types>',
      summary: 'only these data types, separated by commas; also those that are off by default',
    },
    {
      flags: '--strategy <strategy>',
      summary: 'how a value would be replaced',
      default: 'redact',
      choices: ['redact', 'partial', 'hash', 'null'],
    },
  ],
  examples: [
    { command: 'broker mask test dump.sql', explains: 'every value the detectors would hide' },
    { command: 'broker mask test access.log --type ip-address,email', explains: 'two data types only' },
    {
      command: 'psql -c "table customers" | broker mask test --strategy partial',
      explains: 'as masked output would look',
    },
  ],
  run,
};
