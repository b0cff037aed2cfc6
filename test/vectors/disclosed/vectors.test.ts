// Holds logs told in part to the vectors of this folder: the same bytes, the same leaves, the same root. UPDATE_VECTORS=1 makes them anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonical } from '../../../src/lib/canonical.ts';
import { MerkleTree } from '../../../src/lib/merkle.ts';
import { disclosedHeader, disclosedLine, parseDisclosedHeader, parseDisclosedLine } from '../../../src/model/disclosed.ts';
import { LineSalts, lineLeaf } from '../../../src/model/sealed.ts';

interface Case {
  readonly about: string;
  /** The log's own salt: who tells in part keeps it. */
  readonly salt: string;
  readonly log: string;
  readonly session: string;
  readonly first: number;
  readonly events: readonly string[];
  /** Numbers of the events that are withheld. */
  readonly withheld: readonly number[];
  readonly told: readonly string[];
  readonly merkleRoot: string;
}

const FILE = new URL('cases.json', import.meta.url);
const event = (seq: number, type: string, data: object) => canonical({ data: data as never, seq, session: 's1', type });
const EVENTS = [
  event(0, 'session.open', { client: 'query' }),
  event(1, 'statement', { text: "select 'Röe ☃ 𝄞 \\' as name" }),
  event(2, 'answer', { sample: [['\u007f', null]] }),
];

function tell({ salt, log, session, first, events, withheld }: Omit<Case, 'told' | 'merkleRoot' | 'about'>) {
  const salts = new LineSalts(salt, first);
  const tree = new MerkleTree();
  const told = [disclosedHeader(log, session, first)];
  events.forEach((line, index) => {
    const own = salts.next();
    tree.append(lineLeaf(own, line));
    told.push(disclosedLine(own, line, withheld.includes(first + index)));
  });
  return { told, merkleRoot: tree.root() };
}

if (process.env['UPDATE_VECTORS'] === '1') {
  const base = { salt: '0123456789abcdef'.repeat(4), log: 'ab'.repeat(32), session: 's1', first: 0, events: EVENTS };
  const later = [event(7, 'answer', { sample: [] }), event(8, 'session.close', { reason: 'client left' })];
  const cases = [
    { about: 'nothing is withheld', ...base, withheld: [] },
    { about: 'one event is withheld', ...base, withheld: [1] },
    { about: 'everything is withheld', ...base, withheld: [0, 1, 2] },
    { about: 'a log that begins with event 7', ...base, first: 7, events: later, withheld: [7] },
    { about: 'a log without events', ...base, events: [], withheld: [] },
  ];
  writeFileSync(FILE, `${JSON.stringify(cases.map((each) => ({ ...each, ...tell(each) })), null, 1)}\n`);
}

const CASES = JSON.parse(readFileSync(FILE, 'utf8')) as Case[];

describe('a log told in part', () => {
  it.each(CASES)('is written as the vectors have it: $about', ({ about: _, ...each }) => {
    expect(tell(each)).toEqual({ told: each.told, merkleRoot: each.merkleRoot });
    expect(each.told.join('\n')).not.toContain(each.salt);
  });

  it.each(CASES)('is read as the vectors have it: $about', ({ told: [head = '', ...lines], ...each }) => {
    const { log, session, first } = each;
    expect(parseDisclosedHeader(head)).toEqual({ log, session, first });
    const tree = new MerkleTree();
    lines.forEach((line, index) => {
      const parsed = parseDisclosedLine(line);
      const shown = each.withheld.includes(first + index) ? undefined : each.events[index];
      expect(parsed?.line).toBe(shown);
      if (parsed) tree.append(parsed.leaf);
    });
    expect(tree.root()).toBe(each.merkleRoot);
  });

  it.each([
    ['nothing', ''],
    ['a leaf that is too short', `-${'0'.repeat(63)}`],
    ['a leaf in capitals', `-${'A'.repeat(64)}`],
    ['a leaf and more', `-${'0'.repeat(64)} `],
    ['a salt that is too short', `+${'0'.repeat(31)}{}`],
    ['a salt without an event', `+${'0'.repeat(32)}`],
    ['an event without its mark', '{}'],
    ['another mark', `=${'0'.repeat(64)}`],
  ])('refuses %s', (_, line) => {
    expect(parseDisclosedLine(line)).toBeUndefined();
  });

  it.each([
    ['another format', '{"format":"urn:access-broker:disclosed:v2","log":"LOG","session":"s1"}'],
    ['a member too many', '{"format":"urn:access-broker:disclosed:v1","log":"LOG","salt":"00","session":"s1"}'],
    ['another order', '{"log":"LOG","format":"urn:access-broker:disclosed:v1","session":"s1"}'],
    ['a first of 0 that is said', '{"first":0,"format":"urn:access-broker:disclosed:v1","log":"LOG","session":"s1"}'],
    ['a log that is no digest', '{"format":"urn:access-broker:disclosed:v1","log":"x","session":"s1"}'],
    ['no JSON', 'nothing'],
  ])('refuses a header with %s', (_, header) => {
    expect(parseDisclosedHeader(header.replace('LOG', 'ab'.repeat(32)))).toBeUndefined();
  });
});
