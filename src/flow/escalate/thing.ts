// The exact thing that is approved, as digests. Must never depend on anything that is shown or masked.
import { sha256 } from '../../lib/digest.ts';

export { approvedDigest } from '../../model/approval-predicate.ts';

/** A bind parameter as it goes to the target: format 0 is text, 1 binary; null is NULL in either. */
export interface ExactParameter {
  readonly value: Uint8Array | null;
  readonly format: 0 | 1;
}

/** `0:hex` or `1:hex` of each value's own bytes, `null` for NULL. */
export function describeParameters(parameters: readonly ExactParameter[] = []): string[] {
  return parameters.map(({ value, format }) => (value === null ? 'null' : `${format}:${sha256(value)}`));
}
