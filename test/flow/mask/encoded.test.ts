import { describe, expect, it } from 'vitest';
import { createScanner } from '../../../src/detectors/index.ts';
import { scanDecoded } from '../../../src/flow/mask/cells/encoded.ts';

const scanner = createScanner();
const found = (text: string) =>
  scanDecoded(text, (one) => scanner.scan(one)).map(({ start, end, type }) => [text.slice(start, end), type]);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const VALUE = '{"card":"4111111111111111"}';

describe('values inside base64', () => {
  it('are found in the standard and the URL alphabet, and wrapped', () => {
    for (const form of [base64(VALUE), Buffer.from(`${VALUE}??>>`).toString('base64url')])
      expect(found(`x=${form} y`)).toEqual([[form, 'payment-card']]);
    const wrapped = base64(`${VALUE}${' '.repeat(80)}`).replace(/(.{76})/g, '$1\n');
    expect(found(wrapped)).toHaveLength(1);
  });

  it('are found three levels down, in JSON within JSON', () => {
    const deep = base64(JSON.stringify({ a: base64(JSON.stringify({ b: base64(VALUE) })) }));
    expect(found(JSON.stringify({ rows: deep }))).toEqual([[deep, 'payment-card']]);
  });

  it('do not hide what stands beside them', () => {
    expect(found(`${base64(VALUE)} 4111111111111111`).map(([, type]) => type)).toEqual([
      'payment-card',
      'payment-card',
    ]);
  });

  it.each([
    '3f8a9c0e7d6b5a4f3f8a9c0e7d6b5a4f',
    'a-long-name-in-a-path/of/several/words',
    'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=',
  ])('leave %s alone', (text) => expect(found(text)).toEqual([]));
});
