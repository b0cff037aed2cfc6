// Every file made from the command, error and configuration tables: man pages, completions, the editor's schema. Pure.
import { VARIABLES } from '../../config/environment.ts';
import { jsonSchema } from '../../config/schema.ts';
import { COMMANDS } from '../index.ts';
import { commandPage, mainPage, pageName, type Variable } from './man.ts';
import { completionScript, SCRIPT_FILES } from './shells.ts';

const OTHER_VARIABLES: readonly Variable[] = [
  { name: 'BROKER_CONFIG', summary: 'your configuration file; `--config` sets it for one command' },
  { name: 'BROKER_STATE_DIR', summary: 'journals, the encrypted keychain file and the log' },
  { name: 'BROKER_RUNTIME_DIR', summary: 'the control socket' },
  {
    name: 'BROKER_KEYCHAIN_PASSPHRASE',
    summary: 'opens the encrypted keychain file instead of this machine’s own key',
  },
  { name: 'BROKER_DEBUG', summary: 'when set, a bug is shown with its stack' },
  {
    name: 'XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR',
    summary: 'where the folders above are when nothing else says so',
  },
  { name: 'NO_COLOR', summary: 'when set, no colours' },
  {
    name: 'AWS_*, HTTPS_PROXY, NODE_EXTRA_CA_CERTS',
    summary:
      'credentials of an s3 store, the way out of your network, and authorities to trust, as elsewhere',
  },
];

function variables(): readonly Variable[] {
  const settings = Object.entries(VARIABLES).map(([name, { path, summary }]) => ({
    name,
    summary: `${summary}; overrides \`${path}\``,
  }));
  return [...settings, ...OTHER_VARIABLES];
}

/** Path below the project → text. */
export function generated(version: string): ReadonlyMap<string, string> {
  const shown = COMMANDS.filter(({ hidden }) => !hidden);
  const pages = shown.map((command) => [`man/${pageName(command)}`, commandPage(command, version)] as const);
  const scripts = Object.entries(SCRIPT_FILES).map(
    ([shell, file]) =>
      [`completions/${file}`, completionScript(shell as keyof typeof SCRIPT_FILES, COMMANDS)] as const,
  );
  return new Map([
    ['man/broker.1', mainPage(COMMANDS, version, variables())],
    ...pages,
    ...scripts,
    ['docs/broker.schema.json', `${JSON.stringify(jsonSchema(), undefined, 2)}\n`],
  ]);
}
