// Tells people that a request waits for them. Must never carry a value that was not masked, nor hold anybody up.
import type { RequestPredicate } from '../../model/approval.ts';
import type { ApprovalEvent } from '../../model/session.ts';

export interface Notifier {
  /** A request stands. Returns at once; each attempt's outcome is recorded when it is known. */
  asked(request: RequestPredicate, record: (event: ApprovalEvent) => void): void;
}

export const SILENT: Notifier = { asked: () => undefined };
