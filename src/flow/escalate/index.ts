// Turns an `ask` decision into a person's answer. Must never let a statement through without one.

export { AP_STEPS, attOf } from '../../model/approval-rules.ts';
export {
  type Approver,
  type Asking,
  isSteady,
  needsApproval,
  type Question,
  questionKey,
  titlesOf,
} from './approver.ts';

export { Asker } from './asker.ts';
export { type AcceptedDecision, checkDecision, type DecisionCheck } from './check.ts';
export { type StoredFile, tokenDigest } from './opened.ts';
export { countQuorum } from './quorum.ts';
export { readRequest } from './read.ts';
export { approvedDigest, describeParameters } from './thing.ts';
export {
  type ApprovalFile,
  buildConsumed,
  buildDecision,
  buildRequest,
  type RequestFile,
  type RequestPlace,
  type Signing,
} from './write.ts';
