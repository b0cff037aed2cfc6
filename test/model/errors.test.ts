import { mkdirSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asBrokerError, BrokerError, EXIT } from '../../src/model/errors.ts';

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: no luck, ${syscall}`), { code, syscall });
}

describe('an error nobody foresaw', () => {
  it('stays what it is when it has a row already', () => {
    const error = new BrokerError('not-signed-in');
    expect(asBrokerError(error)).toBe(error);
  });

  it('is the disk when a file cannot be kept, with a hint and no request to report it', () => {
    const error = asBrokerError(thrown(() => mkdirSync('/dev/null/state', { recursive: true })));
    expect(error).toMatchObject({ code: 'disk-unusable', row: { exit: EXIT.unreachable } });
    expect(error.message).toContain('/dev/null/state');
    expect(error.hint).not.toContain('report');
    for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE'])
      expect(asBrokerError(systemError(code, 'write')).code).toBe('disk-unusable');
  });

  it('is our bug when a socket is closed to us, a file is not there, or it is no error at all', () => {
    expect(asBrokerError(systemError('EACCES', 'connect')).code).toBe('bug');
    expect(asBrokerError(thrown(() => openSync('/nowhere/at/all', 'r'))).code).toBe('bug');
    for (const value of [undefined, null, 'text', 7, new TypeError('x is not a function')])
      expect(asBrokerError(value).code).toBe('bug');
  });
});
