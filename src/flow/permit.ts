// Proof that a statement was allowed. Only pipeline.ts can mint one; forward takes nothing else.
import type { Brand } from '../lib/brand.ts';

/** Names the one execution it was minted for. Spent by the first forward. */
export type Permit = Brand<{ readonly statement: number; spent: boolean }, 'Permit'>;

let minter: symbol | undefined;

/** Handed out once, to pipeline.ts, when it is first loaded; any later caller gets an error. */
export function claimMint(): (statement: number) => Permit {
  if (minter) throw new Error('permits are minted by the pipeline alone');
  minter = Symbol('minter');
  return (statement) => ({ statement, spent: false }) as Permit;
}
