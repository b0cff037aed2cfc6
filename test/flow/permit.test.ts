import { describe, expect, it } from 'vitest';
import { forward } from '../../src/flow/forward/index.ts';
import { claimMint } from '../../src/flow/permit.ts';

describe('a permit', () => {
  const mint = claimMint();

  it('can be minted by the first claimant only', () => {
    expect(() => claimMint()).toThrow('pipeline alone');
  });

  it('lets its statement out once and never again', () => {
    const sent: string[] = [];
    const permit = mint(7);
    forward(permit, () => sent.push('bytes'));
    expect(() => forward(permit, () => sent.push('again'))).toThrow(expect.objectContaining({ code: 'bug' }));
    expect(sent).toEqual(['bytes']);
  });

  it('is spent even when the write fails', () => {
    const permit = mint(8);
    expect(() =>
      forward(permit, () => {
        throw new Error('socket');
      }),
    ).toThrow('socket');
    expect(permit.spent).toBe(true);
  });
});
