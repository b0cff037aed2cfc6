// A text as one session judged it: what it does, what policy says, how its answers are masked. Made once, used often.
import type { ActionUse } from '../model/action.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Classification, StatementUnit } from '../model/classification.ts';
import type { Decision } from '../model/decision.ts';
import type { TextContext } from '../model/event.ts';
import type { Field, ResultMask } from '../model/masking.ts';
import type { Judged } from './conversation.ts';
import type { Question } from './escalate/index.ts';
import { retoldParts, type StatementParts, statementParts } from './lines.ts';
import { type Given, type Masker, shownParameter, type UnitPlan } from './mask/index.ts';
import { recordedContext } from './request.ts';
import { sameNumber } from './shape.ts';

/** Means something only in the conversation that said it: names, and what could not be understood for lack of a name. */
export function isPersonal({ answers, effect, actions }: StatementUnit): boolean {
  return (
    answers !== undefined || effect !== undefined || actions.some(({ action }) => action === 'sql:unknown')
  );
}

export interface JudgementParts {
  readonly text: string;
  readonly classification: Classification;
  /** What policy was asked: the text's own actions, and `reveal` where it would write protected values elsewhere. */
  readonly actions: readonly ActionUse[];
  readonly decision: Decision;
  readonly plans: readonly UnitPlan[];
  readonly masker: Masker;
  readonly catalogue: Catalogue;
  /** Counts the session's judgements, so that one can be told from those before it. */
  readonly serial: number;
  /** Rules in force when it was judged; another generation judges again. */
  readonly generation: number;
  /** The answer depends on the conversation's names: never shared, never kept. */
  readonly personal: boolean;
  /** Judged by definitions that only its conversation sees. */
  readonly own: boolean;
}

/** Definitions that return no values and read none: allowed in doubt, they are allowed. */
const ANSWERLESS: ReadonlySet<string> = new Set([
  'AlterSeqStmt',
  'AlterTableStmt',
  'CommentStmt',
  'CreateSeqStmt',
  'CreateStmt',
  'DropStmt',
  'IndexStmt',
  'RenameStmt',
]);

export class Judgement implements Judged {
  readonly text: string;
  readonly classification: Classification;
  readonly decision: Decision;
  readonly serial: number;
  readonly generation: number;
  readonly personal: boolean;
  readonly own: boolean;
  readonly actions: readonly ActionUse[];
  readonly plans: readonly UnitPlan[];
  readonly #made: JudgementParts;
  readonly #masker: Masker;
  readonly #catalogue: Catalogue;
  #names = new WeakMap<readonly Field[], readonly string[]>();
  #masks: WeakMap<readonly Field[], ResultMask>[] = [];
  #parts: StatementParts | undefined;
  #given: Given | undefined;
  #echo: ((cell: string) => string) | undefined;
  /** The judgement of the same shape that this one repeats. */
  #like: Judgement | undefined;

  constructor(parts: JudgementParts) {
    this.text = parts.text;
    this.classification = parts.classification;
    this.decision = parts.decision;
    this.serial = parts.serial;
    this.generation = parts.generation;
    this.personal = parts.personal;
    this.own = parts.own;
    this.actions = parts.actions;
    this.plans = parts.plans;
    this.#made = parts;
    this.#masker = parts.masker;
    this.#catalogue = parts.catalogue;
  }

  /** What the text itself says of columns' values. */
  get given(): Given {
    this.#given ??= this.#like
      ? movedTo(this.text, this.#like)
      : this.#masker.given(this.classification.units, this.#catalogue);
    return this.#given;
  }

  /** A cell of an answer for the record: what the text itself said may be repeated there. */
  shownCell(cell: string): string {
    if (this.given.literals.length === 0) return cell;
    this.#echo ??= this.#masker.scrubEcho(this.text, this.given);
    return this.#echo(cell);
  }

  /** A bound value for the record. */
  shownParameter(index: number, value: Uint8Array, format: 0 | 1): string {
    const names = this.given.parameters.get(index + 1);
    const mask = names
      ? (text: string) => this.#masker.scrubValue(text, names)
      : (text: string) => this.#masker.scrubText(text);
    return shownParameter(value, format, mask);
  }

  /** The event line's constant parts, with the text masked for the record. */
  get parts(): StatementParts {
    if (this.#parts) return this.#parts;
    const text = this.#masker.scrubStatement(this.text, this.given);
    this.#parts = this.#like
      ? retoldParts(this.#like.parts, this.classification.fingerprint, text)
      : statementParts({ ...this.#made, ...this.#shownRequest() }, text);
    return this.#parts;
  }

  /** Names of objects are the client's words too. */
  #shownRequest(): { readonly actions: readonly ActionUse[]; readonly context: TextContext } {
    let masked = false;
    const scrub = (name: string): string => {
      const shown = this.#masker.scrubText(name);
      masked ||= shown !== name;
      return shown;
    };
    const actions = this.actions.map(({ action, resource }) => ({
      action,
      resource: { ...resource, id: scrub(resource.id) },
    }));
    const context = recordedContext(this.classification, scrub);
    return { actions, context: { ...context, ...(masked ? { masked } : {}) } };
  }

  /** What an approver is shown: the text, what it does and what it touches, masked. */
  get shown(): Question['shown'] {
    const scrub = (text: string) => this.#masker.scrubText(text);
    const { units } = this.classification;
    const each = (values: readonly string[]) => [...new Set(values.map(scrub))];
    return {
      text: this.#masker.scrubStatement(this.text, this.given),
      titles: each(units.map(({ title }) => title)),
      actions: this.#shownRequest().actions,
      tables: each(units.flatMap(({ tables }) => tables)).sort(),
    };
  }

  /** Names of columns for the record: the client chose them, and may have put anything in them. */
  columnNames(fields: readonly Field[]): readonly string[] {
    let names = this.#names.get(fields);
    if (!names) {
      names = fields.map(({ name }) => this.#masker.scrubText(name));
      this.#names.set(fields, names);
    }
    return names;
  }

  /** The same text under another decision. */
  decided(decision: Decision): Judgement {
    return new Judgement({ ...this.#made, decision });
  }

  /** Another text of the same shape: judged alike, recorded in its own words. Only for texts of one unit. */
  retold(text: string): Judgement {
    const { classification } = this;
    const units = classification.units.map((unit) => ({ ...unit, end: Buffer.byteLength(text) }));
    const twin = new Judgement({ ...this.#made, text, classification: { ...classification, units } });
    twin.#masks = this.#masks;
    twin.#names = this.#names;
    twin.#like = this;
    return twin;
  }

  /** Something in it is not known that could change how it is decided or masked: what it names, or where its values come from. */
  get doubtful(): boolean {
    const { units } = this.classification;
    if (this.decision.outcome === 'allow' && units.every(({ node }) => ANSWERLESS.has(node))) return false;
    return this.classification.unresolved || this.plans.some(({ unknown }) => unknown);
  }

  plan(unit: number): UnitPlan | undefined {
    return this.plans[unit];
  }

  /** The mask of one unit's rows; kept per description, because clients execute far oftener than they describe. */
  mask(unit: number, fields: readonly Field[] | undefined): ResultMask {
    const plan = this.plan(unit);
    if (!fields) return this.#masker.columns(plan, undefined, this.#catalogue);
    this.#masks[unit] ??= new WeakMap();
    const kept = this.#masks[unit];
    let mask = kept?.get(fields);
    if (!mask) {
      mask = this.#masker.columns(plan, fields, this.#catalogue);
      kept?.set(fields, mask);
    }
    return mask;
  }

  /** The mask of rows that may come from another text than this one. */
  doubt(fields: readonly Field[] | undefined): ResultMask {
    return this.#masker.columns(undefined, fields, this.#catalogue);
  }

  copyMask(unit: number, columns: number, binary: boolean): ResultMask | undefined {
    const plan = this.plan(unit);
    return plan && this.#masker.copyOut(plan, columns, binary, this.#catalogue);
  }
}

/** What another text of the same shape says, in its own places: shapes have no literals but numbers. */
function movedTo(text: string, { given, text: first }: Judgement): Given {
  if (given.literals.length === 0) return given;
  const literals = given.literals.flatMap(({ at, names }) => {
    const place = sameNumber(first, at, text);
    return place === undefined ? [] : [{ at: place, names }];
  });
  return { ...given, literals };
}

/** Judgements of one session by text or shape; bounded by number and by characters, oldest out first. */
export class JudgementCache {
  readonly #entries = new Map<string, Judgement>();
  #characters = 0;
  #generation = -1;
  readonly #maxEntries: number;
  readonly #maxCharacters: number;

  /** A character of text costs some hundred bytes of tree and plan. */
  constructor(maxEntries = 4_096, maxCharacters = 1_048_576) {
    this.#maxEntries = maxEntries;
    this.#maxCharacters = maxCharacters;
  }

  get(key: string): Judgement | undefined {
    return this.#entries.get(key);
  }

  /** `key` is the text itself, or its shape. */
  set(key: string, judgement: Judgement): void {
    if (judgement.personal || key.length > this.#maxCharacters / 8) return;
    // Those of an earlier generation are never used again, and each may hold a catalogue of its own.
    if (judgement.generation !== this.#generation) this.clear();
    this.#generation = judgement.generation;
    this.delete(key);
    this.#entries.set(key, judgement);
    this.#characters += key.length;
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && this.#characters <= this.#maxCharacters) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#characters -= key.length;
  }

  clear(): void {
    this.#entries.clear();
    this.#characters = 0;
  }
}
