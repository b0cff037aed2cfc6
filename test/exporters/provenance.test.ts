// Who wanted what: the joining of calls, statements and exchanges with models, by vectors that others can implement from.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Provenance } from '../../src/exporters/provenance.ts';
import type { EventValue } from '../../src/exporters/story.ts';

const FOLDER = new URL('../vectors/provenance/', import.meta.url).pathname;

interface Vector {
  readonly about: string;
  readonly sessions: readonly {
    readonly id: string;
    readonly person: string;
    readonly events: readonly EventValue[];
  }[];
  readonly show: string;
  readonly expected: object;
}

function toldOf({ sessions, show }: Vector): object {
  const provenance = new Provenance();
  for (const { id, person, events } of sessions) {
    provenance.session(id, person);
    for (const event of events) provenance.event(id, event);
  }
  return provenance.of(show);
}

describe('provenance', () => {
  it.each(readdirSync(FOLDER).sort())('%s', (file) => {
    const vector = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8')) as Vector;
    const told = JSON.parse(JSON.stringify(toldOf(vector))) as object;
    if (process.env['UPDATE_GOLDEN'] === '1')
      writeFileSync(`${FOLDER}${file}`, `${JSON.stringify({ ...vector, expected: told }, undefined, 1)}\n`);
    else expect(told).toEqual(vector.expected);
  });

  it('joins no more than it has room for, and says so', () => {
    const provenance = new Provenance();
    provenance.session('s', 'p');
    const at = { time: '2026-03-01T10:00:00.000000Z', type: 'statement' };
    for (let seq = 0; seq < 20_010; seq++)
      provenance.event('s', {
        ...at,
        seq,
        data: { conversation: 1, statement: seq, phase: 'simple', digest: 'd' },
      });
    expect(provenance.cut).toBe(true);
    expect(provenance.of('s')).toEqual({ claims: [], calls: [], direct: [] });
    expect(provenance.of('unknown')).toEqual({ claims: [], calls: [], direct: [] });
  });

  it('lets events of any shape pass', () => {
    const provenance = new Provenance();
    provenance.session('s', 'p');
    for (const data of [null, 7, 'x', [], { uses: 'x', call: 7 }, { uses: [null, 7, { texts: {} }] }])
      for (const type of ['statement', 'answer', 'claim', 'model.exchange', 'other'])
        provenance.event('s', { type, data });
    expect(provenance.of('s').direct).toEqual([]);
  });
});
