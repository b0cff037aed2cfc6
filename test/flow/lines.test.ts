import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerLine, retoldParts, statementLine, statementParts } from '../../src/flow/lines.ts';
import { canonical, type Json } from '../../src/lib/canonical.ts';

const judged = (text: string) => ({
  text,
  classification: { units: [], fingerprint: 'f00d', unresolved: false },
  actions: [
    { action: 'sql:select', resource: { type: 'Table', id: 'prod-db/public."we\u0001ird"' } },
  ] as const,
  context: {
    columns: [{ column: 'public."we\u0001ird".x', role: 'filter' as const }],
    functions: [],
    hasWhere: true,
    statementCount: 1,
    tables: ['public."we\u0001ird"'],
  },
  decision: {
    outcome: 'allow',
    policies: ['a', 'b"c'],
    policyDigest: 'd1',
    advice: [],
    errors: [],
  } as const,
});

const isCanonical = (line: string) => expect(canonical(JSON.parse(line) as Json)).toBe(line);

describe('event lines put together by hand', () => {
  it('are canonical JSON whatever the statement says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 2000 }),
        fc.integer({ min: 0 }),
        (text, number) => {
          const parts = statementParts(judged(text), text);
          const line = { conversation: 3, statement: number, phase: 'execute', decision: 'allow' } as const;
          isCanonical(statementLine(parts, line));
          isCanonical(statementLine(parts, { ...line, parameters: [{ format: 0, value: text }] }));
        },
      ),
    );
  });

  it('carry a long text once and refer to it by digest afterwards', () => {
    const text = `select ${'x'.repeat(600)}`;
    const parts = statementParts(judged(text), text);
    const line = { conversation: 1, statement: 1, phase: 'simple', decision: 'allow' } as const;
    const [once, again] = [statementLine(parts, line), statementLine(parts, line)].map((json) =>
      JSON.parse(json),
    );
    expect(once).toMatchObject({ text, digest: parts.digest });
    expect(again).not.toHaveProperty('text');
    expect(again).toMatchObject({ digest: parts.digest });
  });

  it('say what policy was told once, and afterwards on which line that stands', () => {
    const text = 'select 1';
    const parts = statementParts(judged(text), text);
    const line = { conversation: 1, phase: 'simple', decision: 'allow' } as const;
    const lines = [
      statementLine(parts, { ...line, statement: 7 }),
      statementLine(parts, { ...line, statement: 8, inTransaction: true, grants: ['w"1'] }),
      statementLine(retoldParts(parts, 'f00d', 'select 2'), { ...line, statement: 9 }),
      statementLine(statementParts(judged(text), text), { ...line, statement: 10, grants: ['w"1'] }),
    ];
    lines.forEach(isCanonical);
    const told = { ...judged(text).context, inTransaction: false };
    expect(lines.map((json) => (JSON.parse(json) as { context: unknown }).context)).toEqual([
      told,
      { inTransaction: true, grants: ['w"1'], of: 7 },
      { inTransaction: false, of: 7 },
      { ...told, grants: ['w"1'] },
    ]);
  });

  it('are canonical for answers with and without rows, messages and tags', () => {
    const whole = {
      bytes: 12,
      columns: ['é', 'b\n'],
      conversation: 1,
      masked: 2,
      message: 'no "x"',
      micros: 77,
      rows: 1,
      sample: [['1', null]],
      sqlstate: '42501',
      statement: 9,
      status: 'ok',
      tag: 'SELECT 1',
    } as const;
    isCanonical(answerLine(whole));
    isCanonical(
      answerLine({
        ...whole,
        columns: undefined,
        masked: 0,
        message: undefined,
        sample: [],
        sqlstate: undefined,
        tag: undefined,
      }),
    );
  });
});

describe('the line of a text judged like another', () => {
  it('is the line it would have had on its own', () => {
    const [one, other] = ['select 1', 'select 22'];
    const line = { conversation: 1, statement: 4, phase: 'simple', decision: 'allow' } as const;
    const retold = retoldParts(statementParts(judged(one), one), 'f00d', other);
    expect(statementLine(retold, line)).toBe(statementLine(statementParts(judged(other), other), line));
  });
});
