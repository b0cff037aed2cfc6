// What the annotations of a question come to, alone and together.
import { describe, expect, it } from 'vitest';
import { readAsk, strictestTerms } from '../../../src/flow/decide/ask.ts';

const terms = (annotations: Record<string, string>) => {
  const { ask, faults } = readAsk({ ask: 'why', ...annotations }, 'forbid');
  expect(faults).toEqual([]);
  return ask as NonNullable<typeof ask>;
};

describe('the strength of an answer', () => {
  it('is a fresh sign-in unless policy says otherwise', () => {
    expect(terms({}).strength).toBe('fresh-sign-in');
    expect(terms({ strength: 'fresh-sign-in' }).strength).toBe('fresh-sign-in');
    expect(terms({ strength: 'session-key' }).strength).toBe('session-key');
  });

  it('is weak only when every question is content with that', () => {
    const [weak, strong] = [terms({ strength: 'session-key' }), terms({})];
    expect(strictestTerms([weak, weak]).strength).toBe('session-key');
    expect(strictestTerms([weak, strong]).strength).toBe('fresh-sign-in');
    expect(strictestTerms([strong]).strength).toBe('fresh-sign-in');
  });
});
