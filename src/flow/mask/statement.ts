// What a text itself says of protected values, for the record: literals and parameters that stand under a column's name. Must never
// change what is sent.
import type { Catalogue } from '../../model/catalogue.ts';
import type { StatementUnit } from '../../model/classification.ts';
import type { Content } from './cells/scan.ts';
import { type GivenValue, givenValues, literalEnd, literalText } from './given.ts';
import { asBody, asList } from './lineage/tree.ts';
import { applyStrategy } from './strategies.ts';
import type { ProtectedColumn } from './types.ts';

/** The values of a text that stand under names which say what they are. */
export interface Given {
  readonly literals: readonly { readonly at: number; readonly names: readonly string[] }[];
  /** Names by the parameter's number, from 1. */
  readonly parameters: ReadonlyMap<number, readonly string[]>;
}

export const NOTHING_GIVEN: Given = { literals: [], parameters: new Map() };

/** Shorter words stand in any text. */
const SHORTEST_ECHO = 4;
const MOST_ECHOED = 256;
/** Of more literals than that, each is hidden without a look. */
const MOST_LOOKED_AT = 4096;
const MOST_NAMED = 256;
const HIDDEN = '[masked]';

/** A literal as Latin-1 bytes of the text, and what is put for it. */
interface Hidden {
  readonly at: number;
  readonly end: number;
  readonly value: string;
  readonly hidden: string;
}

export class StatementWords {
  readonly #content: Content;
  readonly #hashKey: Uint8Array;
  readonly #named = new Map<string, Content>();
  /** Tagged columns by their bare name. */
  readonly #tagged: ReadonlyMap<string, ProtectedColumn>;

  constructor(content: Content, hidden: readonly ProtectedColumn[], hashKey: Uint8Array) {
    this.#content = content;
    this.#hashKey = hashKey;
    this.#tagged = new Map(
      hidden.map((column) => [column.name.slice(column.name.lastIndexOf('.') + 1), column]),
    );
  }

  #tells(names: readonly string[]): boolean {
    return names.some((name) => this.#tagged.has(name)) || this.#under(names).isNamed;
  }

  #under(names: readonly string[]): Content {
    const key = names.join('\n');
    let content = this.#named.get(key);
    if (!content) {
      content = this.#content.under(names);
      if (this.#named.size >= MOST_NAMED) this.#named.clear();
      this.#named.set(key, content);
    }
    return content;
  }

  given(units: readonly StatementUnit[], catalogue: Catalogue): Given {
    const found = units.flatMap((unit) => [
      ...givenValues(unit.tree, catalogue),
      ...executed(unit, catalogue),
    ]);
    const telling = found.filter(({ names }) => this.#tells(names));
    if (telling.length === 0) return NOTHING_GIVEN;
    const parameters = new Map<number, readonly string[]>();
    for (const { parameter, names } of telling)
      if (parameter !== undefined)
        parameters.set(parameter, [...(parameters.get(parameter) ?? []), ...names]);
    const literals = telling.flatMap(({ at, names }) => (at === undefined ? [] : [{ at, names }]));
    return { literals, parameters };
  }

  /** A value that stands under the names. */
  value(text: string, names: readonly string[]): string {
    const column = names.map((name) => this.#tagged.get(name)).find((one) => one !== undefined);
    if (!column) return this.#under(names).mask(text) ?? text;
    return applyStrategy(column.strategy, column.dataType, text, this.#hashKey) ?? `[${column.dataType}]`;
  }

  /** The text with its telling literals hidden. */
  text(text: string, given: Given): string {
    if (given.literals.length === 0) return text;
    const bytes = Buffer.from(text, 'utf8').toString('latin1');
    const pieces: string[] = [];
    let last = 0;
    for (const { at, end, hidden } of this.#hidden(bytes, given)) {
      const put = Buffer.from(`'${hidden.replaceAll("'", "''")}'`, 'utf8').toString('latin1');
      pieces.push(bytes.slice(last, at), put);
      last = end;
    }
    return Buffer.from(pieces.join('') + bytes.slice(last), 'latin1').toString('utf8');
  }

  /** Hides in an answer what the text itself said: plans and constants repeat it. */
  echo(text: string, given: Given): (cell: string) => string {
    if (given.literals.length === 0) return (cell) => cell;
    const said = new Map<string, string>();
    for (const { value, hidden } of this.#hidden(Buffer.from(text, 'utf8').toString('latin1'), given))
      if (value.length >= SHORTEST_ECHO) said.set(value, hidden);
    // Too many to look for each: whatever a plan quotes is hidden.
    if (said.size > MOST_ECHOED) return (cell) => (cell.includes("'") ? HIDDEN : cell);
    const longest = [...said].sort(([a], [b]) => b.length - a.length);
    return (cell) => longest.reduce((shown, [value, put]) => shown.replaceAll(value, () => put), cell);
  }

  /** From the first to the last. */
  #hidden(bytes: string, { literals }: Given): Hidden[] {
    let last = 0;
    return [...literals]
      .sort((a, b) => a.at - b.at)
      .flatMap(({ at, names }) => {
        const end = at < last ? at : literalEnd(bytes, at);
        if (end === at) return [];
        const value = Buffer.from(literalText(bytes.slice(at, end)), 'latin1').toString('utf8');
        const hidden = literals.length > MOST_LOOKED_AT ? HIDDEN : this.value(value, names);
        if (hidden === value) return [];
        last = end;
        return [{ at, end, value, hidden }];
      });
  }
}

/** Parameters of EXECUTE stand where the prepared text uses them. */
function executed({ tree, answers }: StatementUnit, catalogue: Catalogue): readonly GivenValue[] {
  const params = asList(asBody(tree, 'ExecuteStmt')?.['params']);
  if (params.length === 0 || !answers) return [];
  return givenValues(answers.tree, catalogue).flatMap(({ parameter, names }) => {
    const location = parameter === undefined ? undefined : locationOf(params[parameter - 1]);
    return location === undefined ? [] : [{ at: location, names }];
  });
}

function locationOf(value: unknown): number | undefined {
  const cast = asBody(value, 'TypeCast');
  if (cast) return locationOf(cast['arg']);
  const location = asBody(value, 'A_Const')?.['location'];
  return typeof location === 'number' ? location : undefined;
}
