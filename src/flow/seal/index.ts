// The seal stage: a journal becomes blobs and a signed statement.
export { type Progress, type SealedContent, sealContent } from './content.ts';
export { signStatement } from './statement.ts';
