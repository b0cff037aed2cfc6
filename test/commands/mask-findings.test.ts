// Where `broker mask test` finds what, whatever pieces the text arrives in.
import { describe, expect, it } from 'vitest';
import { type Finding, Findings } from '../../src/commands/mask-findings.ts';
import { createScanner } from '../../src/detectors/index.ts';

const PEM = [
  '-----BEGIN ',
  'PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END ',
  'PRIVATE KEY-----',
].join('');
const TEXT = `id,card\n1,4111111111111111\nada@example.com and\tada@example.org\npassword=hunter2\n\nkey:\n${PEM}\néé ada@example.net\n\nid;pesel;pwd\n1;44051401458;"my; dog"\na;b\n2;44051401458;x\n\n3;44051401458;x\nso;password;y\n4;5;6\n${Buffer.from('ada@example.com and 4111111111111111').toString('base64')}`;

function find(chunks: readonly Uint8Array[]): { found: Finding[]; findings: Findings } {
  const findings = new Findings({
    scanner: createScanner(),
    strategy: 'redact',
    hashKey: new Uint8Array(32),
  });
  const found = [...chunks.flatMap((chunk) => findings.push(chunk)), ...findings.end()];
  return { found, findings };
}

describe('findings of mask test', () => {
  const whole = find([Buffer.from(TEXT)]);

  it('name type, line and column, and show the line masked', () => {
    expect(whole.found.map(({ type, line, column }) => `${type} ${line}:${column}`)).toEqual([
      'payment-card 2:3',
      'email 3:1',
      'email 3:21',
      'password 4:10',
      'private-key 7:1',
      'email 11:4',
      'pl-pesel 14:3',
      'password 14:16',
      'pl-pesel 16:3',
      'password 16:15',
      'email 21:1',
    ]);
    expect(whole.found[1]?.excerpt).toBe('[email] and\t[email]');
    expect(whole.findings.lines).toBe(21);
    expect(Object.fromEntries(whole.findings.counts)).toEqual({
      'payment-card': 1,
      email: 4,
      password: 3,
      'pl-pesel': 2,
      'private-key': 1,
    });
  });

  it('hold no raw value anywhere', () => {
    const told = JSON.stringify(whole.found);
    for (const raw of ['4111111111111111', 'ada@', 'hunter2', 'MIIEvQ']) expect(told).not.toContain(raw);
  });

  it('are the same wherever the text is cut', () => {
    const bytes = Buffer.from(TEXT);
    for (let cut = 1; cut < bytes.length; cut += 1)
      expect(find([bytes.subarray(0, cut), bytes.subarray(cut)]).found).toEqual(whole.found);
    expect(find([...bytes].map((byte) => Buffer.from([byte]))).found).toEqual(whole.found);
  });

  it('are none in an empty text', () => {
    const { found, findings } = find([]);
    expect(found).toEqual([]);
    expect(findings.lines).toBe(0);
  });
});
