// What an unknown thrown value is. Must never throw itself.
import { asBrokerError } from '../model/errors.ts';

/** True for a system error with this code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Every failure that leaves the agent is a row of the table. */
export const toBrokerError = asBrokerError;
