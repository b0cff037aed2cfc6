// What stands in a value's place, and that the value cannot be read from it.
import { describe, expect, it } from 'vitest';
import { applyStrategy, strategyFor } from '../../../src/flow/mask/strategies.ts';

const KEY = Buffer.alloc(32, 7);

describe('mask strategies', () => {
  it('redact by naming the type', () => {
    expect(applyStrategy('redact', 'payment-card', '4111111111111111', KEY)).toBe('[payment-card]');
  });

  it.each([
    ['payment-card', '4111111111111111', '************1111'],
    ['payment-card', '4111 1111 1111 1111', '**** **** **** 1111'],
    ['iban', 'GB82 WEST 1234 5698 7654 32', 'GB** **** **** **** **54 32'],
    ['email', 'ada@example.com', 'a***@example.com'],
    ['phone', '+44 20 7946 0958', '+** ** **** *958'],
    ['us-ssn', '123-45-6789', '***-**-**89'],
    ['ip-address', '192.0.2.17', '192.0.*.*'],
    ['payment-card', '4111', '***1'],
    ['email', 'not an address', '[email]'],
    ['private-key', 'whatever', '[private-key]'],
    ['password', 'hunter2', '[password]'],
    ['constructor', 'x', '[constructor]'],
  ])('keep a part of %s', (type, raw, want) => {
    expect(applyStrategy('partial', type, raw, KEY)).toBe(want);
  });

  it('hash the same value to the same text under one key, and to others otherwise', () => {
    const hashed = applyStrategy('hash', 'email', 'ada@example.com', KEY);
    expect(hashed).toMatch(/^\[email:[0-9a-f]{16}\]$/);
    expect(applyStrategy('hash', 'email', 'ada@example.com', KEY)).toBe(hashed);
    expect(applyStrategy('hash', 'email', 'ada@example.com', Buffer.alloc(32, 8))).not.toBe(hashed);
    expect(applyStrategy('hash', 'phone', 'ada@example.com', KEY)).not.toContain(hashed?.slice(7, 23));
  });

  it('give NULL where that was asked for', () => {
    expect(applyStrategy('null', 'email', 'ada@example.com', KEY)).toBeNull();
  });

  it('redact a type nobody chose a strategy for, own properties only', () => {
    expect(strategyFor({ email: 'hash' }, 'email')).toBe('hash');
    expect(strategyFor({ email: 'hash' }, 'phone')).toBe('redact');
    expect(strategyFor({}, 'constructor')).toBe('redact');
  });
});
