// What `broker mcp install`, `uninstall` and `ls` have in common: which hosts, how a drifted entry is asked about, how results look.

import type { Done } from '../front/entries/install.ts';
import type { Choice } from '../front/entries/survey.ts';
import type { Entry } from '../front/entries/wrap.ts';
import { visible } from '../lib/visible.ts';
import { BrokerError } from '../model/errors.ts';
import type { CommandContext, OptionDefinition } from './command.ts';

export const CHOICE: readonly OptionDefinition[] = [
  { flags: '--host <id...>', summary: 'only these hosts, such as claude-code, codex or vscode' },
  {
    flags: '--scope <scope>',
    summary: 'only files of the person, of the project in this folder, or of the person for this project',
    choices: ['user', 'project', 'local'],
  },
];

export function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function choiceOf({ options }: CommandContext): Choice {
  const hosts = list(options['host']);
  const scope = options['scope'];
  return scope === 'user' || scope === 'project' || scope === 'local' ? { hosts, scope } : { hosts };
}

async function asked(context: CommandContext, { name, file }: Entry): Promise<void> {
  if (context.options['yes'] === true) return;
  if (context.mayAsk) {
    const { pastedLine } = await import('../front/prompt.ts');
    context.stderr.write(
      `broker: ${visible(name)} in ${visible(file)} was edited after broker wrote it. Go on? [y/N] `,
    );
    const answer = pastedLine(context);
    const line = await answer.line;
    answer.close();
    if (/^y(es)?$/i.test(line.trim())) return;
  }
  throw new BrokerError('host-entry-drifted', { server: name, file });
}

/** Once for each entry as it stands. Throws `host-entry-drifted` unless --yes was given or a person at the terminal says so. */
export function drifted(context: CommandContext): (entry: Entry) => Promise<void> {
  const agreed = new Set<string>();
  return async (entry) => {
    const key = JSON.stringify([entry.file, entry.path, entry.launch]);
    if (!agreed.has(key)) await asked(context, entry);
    agreed.add(key);
  };
}

export function resultLines(done: readonly Done[], home: string, dry: boolean): string {
  return done
    .map(({ host, file, server, result, notes }) => {
      const where = visible(file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file);
      const what = dry && result !== 'already' && result !== 'refused' ? `would be ${result}` : result;
      const lines = notes.map((note) => `  ${visible(note)}\n`).join('');
      return `${visible(server)} of ${host} ${what} (${where})\n${lines}`;
    })
    .join('');
}
