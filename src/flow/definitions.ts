// What one conversation changed of the catalogue and has not committed: nobody else sees it, so it is looked at through the
// conversation itself. Must never outlive its transaction.
import type { Catalogue } from '../model/catalogue.ts';
import type { StatementUnit } from '../model/classification.ts';
import type { TargetView } from './conversation.ts';
import type { Judgement } from './judgement.ts';

/** Texts judged by uncommitted definitions; more are judged anew. */
const MOST_KEPT = 64;

const ENDS: ReadonlySet<string> = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION']);
const ENDS_ANOTHER: ReadonlySet<string> = new Set(['COMMIT PREPARED', 'ROLLBACK PREPARED']);

export class Definitions {
  #view: TargetView | undefined;
  #open = false;
  #count = 0;
  #seen: { readonly at: number; readonly catalogue: Promise<Catalogue | undefined> } | undefined;
  readonly #judged = new Map<string, Judgement>();

  /** Grows whenever what the conversation sees may have changed by its own doing. */
  get count(): number {
    return this.#count;
  }

  lookThrough(view: TargetView): void {
    this.#view = view;
  }

  /** A unit ended, or code ran that may have defined anything. True when everybody may see other definitions now. */
  settled({ node, title, changesCatalogue }: StatementUnit): boolean {
    if (node === 'TransactionStmt') {
      // After ROLLBACK TO it sees what it saw before.
      if (this.#open) this.changed();
      return ENDS_ANOTHER.has(title) || (this.#open && ENDS.has(title));
    }
    if (!changesCatalogue) return false;
    this.#open = true;
    this.changed();
    return false;
  }

  changed(): void {
    this.#count += 1;
    this.#seen = undefined;
    this.#judged.clear();
  }

  /** The target waits for the next request. True when what was changed is there for everybody now, or for nobody. */
  ready(inTransaction: boolean): boolean {
    if (inTransaction || !this.#open) return false;
    this.#open = false;
    this.changed();
    return true;
  }

  /**
   * How to look at what the conversation sees; undefined while that is what everybody sees. What others changed, and rules that
   * changed, make another generation: then it is looked at again.
   */
  see(generation: number): (() => Promise<Catalogue | undefined>) | undefined {
    const view = this.#view;
    if (!this.#open || !view) return undefined;
    return () => {
      if (this.#seen?.at !== generation) this.#seen = { at: generation, catalogue: view() };
      return this.#seen.catalogue;
    };
  }

  kept(text: string, generation: number): Judgement | undefined {
    const judged = this.#judged.get(text);
    return judged?.generation === generation ? judged : undefined;
  }

  keep(judged: Judgement): void {
    if (this.#judged.size < MOST_KEPT) this.#judged.set(judged.text, judged);
  }
}
