import { describe, expect, it } from 'vitest';
import { applicationName, readOptions, sortParameters } from '../../../src/protocols/postgres/parameters.ts';

const sorted = (parameters: Record<string, string>) =>
  sortParameters(new Map(Object.entries(parameters)), 's1');

describe('start-up parameters', () => {
  it('send what only formats, judge what changes meaning, and keep ours', () => {
    const { sent, judged, application } = sorted({
      user: 'me',
      database: 'db',
      application_name: 'psql',
      client_encoding: 'LATIN1',
      DateStyle: 'ISO',
      search_path: 'a, b',
      role: "o'brien",
      session_authorization: 'x',
      work_mem: '1GB',
      replication: 'off',
    });
    expect([...sent]).toEqual([
      ['DateStyle', 'ISO'],
      ['application_name', 'psql broker/s1'],
      ['client_encoding', 'UTF8'],
      ['standard_conforming_strings', 'on'],
    ]);
    expect(judged.map(({ statement }) => statement)).toEqual([
      'SET search_path TO a, b',
      "SET ROLE 'o''brien'",
      "SET SESSION AUTHORIZATION 'x'",
      "SET work_mem TO '1GB'",
    ]);
    expect(application).toBe('psql');
  });

  it('read -c and -- options as the server splits them, and judge each', () => {
    expect(readOptions('-c a=b --search-path=x\\ y -cd=1')).toEqual([
      ['a', 'b'],
      ['search_path', 'x y'],
      ['d', '1'],
    ]);
    expect(sorted({ user: 'me', options: '-c statement_timeout=5s -c role=x' }).judged).toEqual([
      { name: 'role', value: 'x', statement: "SET ROLE 'x'" },
    ]);
  });

  it.each([
    { options: '-d5' },
    { options: '-c' },
    { replication: 'database' },
    { replication: 'true' },
    { 'a;b': 'c' },
  ])('refuse %j', (parameters) => {
    expect(() => sorted({ user: 'me', ...(parameters as Record<string, string>) })).toThrowError(
      expect.objectContaining({ code: 'unsupported' }),
    );
  });

  it('keep the session’s name whole however long the client’s is', () => {
    const name = applicationName('ü'.repeat(60), '01J0ABCDEF');
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(name.endsWith(' broker/01J0ABCDEF')).toBe(true);
    expect(applicationName(undefined, 's')).toBe('broker/s');
  });
});
