import { beforeAll, describe, expect, it } from 'vitest';
import { loadGrammar } from '../../../src/flow/classify/index.ts';
import type { Judged } from '../../../src/flow/conversation.ts';
import { parseTree } from '../../../src/flow/parse-tree.ts';
import { otherMeaning } from '../../../src/protocols/postgres/meaning.ts';

/** As much of a judgement as is looked at. */
const judged = (text: string): Judged =>
  ({
    classification: { units: parseTree(text).stmts.map(({ stmt }) => ({ tree: stmt })) },
  }) as unknown as Judged;

describe('a setting under which texts mean something else', () => {
  beforeAll(() => loadGrammar());

  it.each([
    'set client_encoding to latin1',
    "set names 'koi8r'",
    'set standard_conforming_strings to off',
    'set local standard_conforming_strings = false',
    "select 1; set client_encoding = 'SQL_ASCII'",
  ])('is not let through: %s', (text) => {
    expect(otherMeaning(judged(text))?.code).toBe('unsupported');
  });

  it.each([
    "set client_encoding to 'UTF-8'",
    'set names default',
    'set standard_conforming_strings to on',
    'reset client_encoding',
    'reset all',
    'set datestyle to german',
    'select 1',
  ])('is not seen in %s', (text) => {
    expect(otherMeaning(judged(text))).toBeUndefined();
  });
});
