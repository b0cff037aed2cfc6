// The questions asked about changed objects, again and again: prepared once for a connection, or in full where what stands in
// front of the server forgets what was prepared.
import { changesSql, HEAD, REST_AND_SCHEMAS } from './catalogue-changes.ts';
import {
  codeSql,
  columnsSql,
  dependenciesSql,
  dependentsSql,
  functionsSql,
  type Only,
  parentsSql,
  relationsSql,
  triggersSql,
  typesSql,
} from './catalogue-sql.ts';

const QUESTIONS = {
  relations: (only: Only) => relationsSql('worded', only),
  columns: columnsSql,
  parents: parentsSql,
  dependencies: dependenciesSql,
  code: (only: Only) => codeSql('worded', only),
  triggers: triggersSql,
  functions: (only: Only, serverVersion: number) => functionsSql('worded', serverVersion, only),
  types: typesSql,
  dependents: dependentsSql,
} as const;

type Question = keyof typeof QUESTIONS;

const nameOf = (question: Question | 'changes' | 'head' | 'rest'): string => `broker_catalogue_${question}`;

const array = (oids: ReadonlySet<number>): string => `'{${[...oids].join(',')}}'`;

export class Questions {
  readonly #serverVersion: number;
  #mode: 'unprepared' | 'prepared' | 'in full' = 'unprepared';

  constructor(serverVersion: number) {
    this.#serverVersion = serverVersion;
  }

  /** What must be said before the first question; to be run with the settings the questions are asked under. */
  get preparations(): readonly string[] {
    if (this.#mode !== 'unprepared') return [];
    const questions = Object.entries(QUESTIONS).map(
      ([question, sql]) =>
        `prepare ${nameOf(question as Question)}(pg_catalog.oid[]) as ${sql('given', this.#serverVersion)}`,
    );
    return [
      `prepare ${nameOf('changes')}(pg_catalog.xid) as ${changesSql('$1')}`,
      `prepare ${nameOf('rest')} as ${REST_AND_SCHEMAS}`,
      `prepare ${nameOf('head')} as ${HEAD}`,
      ...questions,
    ];
  }

  prepared(): void {
    if (this.#mode === 'unprepared') this.#mode = 'prepared';
  }

  /** What was prepared is not there: from now on every question is asked in full. */
  forgotten(): void {
    this.#mode = 'in full';
  }

  get head(): string {
    return this.#mode === 'prepared' ? `execute ${nameOf('head')}` : HEAD;
  }

  get rest(): string {
    return this.#mode === 'in full' ? REST_AND_SCHEMAS : `execute ${nameOf('rest')}`;
  }

  changes(since: bigint): string {
    const xid = `'${since % 2n ** 32n}'`;
    return this.#mode === 'in full' ? changesSql(`${xid}::xid`) : `execute ${nameOf('changes')}(${xid})`;
  }

  of(question: Question, oids: ReadonlySet<number>): string {
    return this.#mode === 'in full'
      ? QUESTIONS[question](oids, this.#serverVersion)
      : `execute ${nameOf(question)}(${array(oids)})`;
  }
}
