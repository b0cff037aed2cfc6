// broker export: evidence for an auditor. The work is in evidence/export.ts.
import { EXPORTERS } from '../exporters/index.ts';
import type { CommandDefinition } from './command.ts';
import { CONTENT_OPTIONS, FILTER_OPTIONS } from './evidence-options.ts';

export const exportEvidence: CommandDefinition = {
  name: 'export',
  group: 'evidence',
  summary: 'hand evidence to an auditor, verified on the way',
  description: [
    'Writes what the filters ask for, with our verdicts. The format `bundle` is a folder that can be checked without broker: `./verify.sh` in it needs only jq, openssl and coreutils.',
    'Filters choose whole sessions; all of them have to fit. The signed statements of the whole span are always exported, so that chains can be followed.',
    'With `--withhold` or `--withhold-text` of every event that stays behind only its Merkle leaf is given, so that the others are still proven and what is missing is counted. `column:NAME` means every statement that touches it, or of which nothing is known, and its answers. Lines that would tell by digest what is held back stay behind with it, terminals too, and requests for approval where they would tell the same. What signed statements, sign-ins and policies say by themselves stays; broker says how many of them contain the text.',
    'The folder appears when it is complete. The same evidence gives the same bytes, apart from what tells of the export itself. Every export is itself recorded in the ledger when the agent runs and may write; otherwise the export says so.',
    'With `--compact` nothing is exported: every day that is over gets a table in the store, `v1/index/day=…/part-….parquet`, one row per signed statement that verified. It is derived and no proof; no verdict rests on it.',
    'Exits 6 when what was exported is not VALID and COMPLETE; the folder is written all the same.',
  ],
  arguments: [],
  options: [
    ...FILTER_OPTIONS,
    ...CONTENT_OPTIONS,
    {
      flags: '--format <format>',
      summary: 'what to write',
      default: 'bundle',
      choices: Object.keys(EXPORTERS),
    },
    {
      flags: '-o, --output <folder>',
      summary: 'a folder that does not exist yet; csv, jsonl and ocsf go to standard output without it',
      completes: 'folder',
    },
    {
      flags: '--withhold <events>',
      summary:
        'hold these events back and prove the rest: by type (answer,statement,…), column:NAME, session:ID, session:ID:4-9',
    },
    { flags: '--withhold-text <text>', summary: 'hold back events that contain it' },
    {
      flags: '--checkpoint <file>',
      summary: 'keep the newest statements’ digests there, outside the store; an older one must still agree',
      completes: 'file',
    },
    {
      flags: '--compact',
      summary:
        'export nothing: put a Parquet table of each finished day into the store, for DuckDB, Athena, Trino',
    },
    { flags: '--offline', summary: 'do not ask the identity provider for its keys' },
  ],
  examples: [
    { command: 'broker export --since 30d -o evidence', explains: 'a month for an assessor' },
    {
      command: 'broker export --since 1d --connection prod-db --decision deny -o refused',
      explains: 'only sessions in which something was refused',
    },
    {
      command: 'broker export --since 7d --rule no-blind-writes --format csv -o blocked',
      explains: 'what one rule did, as tables',
    },
    {
      command: 'broker export --since 30d --withhold answer -o evidence',
      explains: 'what was done, without the data that came back',
    },
    { command: 'broker export --since 1h --format jsonl', explains: 'events for a program' },
    {
      command: 'broker export --compact --since 7d',
      explains: 'tables of the week’s days for a query engine',
    },
  ],
  run: async (context) =>
    context.options['compact'] === true
      ? (await import('./evidence/compact.ts')).compact(context)
      : (await import('./evidence/export.ts')).run(context),
};
