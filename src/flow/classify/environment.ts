// What a text is read against. Plain data and pure look-ups: classification is a function of the text and of this alone.
import type { Catalogue } from '../../model/catalogue.ts';
import type { StatementUnit } from '../../model/classification.ts';

export interface ClassifyEnvironment {
  /** Name of the connection: the first part of every resource id. */
  readonly connection: string;
  readonly catalogue: Catalogue;
  /** Prepared statements and cursors that SQL text can refer to. A name in doubt is an unknown name. */
  readonly names: {
    statement(name: string): StatementUnit | undefined;
    portal(name: string): StatementUnit | undefined;
  };
  /** The search path may have changed: every relation of a name is meant. */
  readonly searchPathUncertain: boolean;
}
