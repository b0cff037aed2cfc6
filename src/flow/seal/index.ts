// The seal stage: a journal becomes blobs and a signed statement.
export { type SealedContent, type SealOrder, sealContent } from './content.ts';
export type { Damage } from './segments.ts';
export { signStatement } from './statement.ts';
