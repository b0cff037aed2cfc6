// The pure parts of asking and answering, by cases and by the vectors others can implement us from.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approvedDigest, attOf, countQuorum, describeParameters } from '../../../src/flow/escalate/index.ts';
import { commitment, encodeCic, thumbprint } from '../../../src/identity/cic.ts';
import { machineReason } from '../../../src/identity/machine.ts';
import { canonical } from '../../../src/lib/canonical.ts';
import { sha256 } from '../../../src/lib/digest.ts';
import type { ApprovalDecision, ApprovedThing, CheckedDecision } from '../../../src/model/approval.ts';
import { approvalFolder, decisionKey, parseApprovalKey } from '../../../src/model/approval-key.ts';
import { approvalProblem } from '../../../src/model/approval-predicate.ts';
import { freshProblem } from '../../../src/model/approval-rules.ts';
import { STORE_ID, stamp, TOOL } from '../../fakes/approvals.ts';

interface Vectors {
  readonly things: readonly {
    readonly thing: ApprovedThing;
    readonly canonical: string;
    readonly digest: string;
  }[];
  readonly parameters: readonly {
    readonly given: readonly { readonly hex: string | null; readonly format: 0 | 1 }[];
    readonly described: readonly string[];
  }[];
  readonly decisions: readonly {
    readonly decision: ApprovalDecision;
    readonly att: string;
    readonly cic: string;
    readonly nonce: string;
    readonly key: string;
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/approvals/digests.json', import.meta.url), 'utf8'),
) as Vectors;

describe('the vectors', () => {
  it.each(vectors.things)('of a thing: $digest', ({ thing, canonical: text, digest }) => {
    expect(canonical(thing)).toBe(text);
    expect(approvedDigest(thing)).toBe(digest);
  });

  it.each(vectors.parameters)('of parameters: $described', ({ given, described }) => {
    const exact = given.map(({ hex, format }) => ({
      value: hex === null ? null : Buffer.from(hex, 'hex'),
      format,
    }));
    expect(describeParameters(exact)).toEqual(described);
  });

  it.each(vectors.decisions)(
    'of a decision and the sign-in that attests it: $att',
    ({ decision, att, cic, nonce, key }) => {
      expect(attOf(decision)).toBe(att);
      const { upk, rz } = JSON.parse(cic);
      const jwk = { kty: 'EC' as const, crv: 'P-256' as const, x: upk.x, y: upk.y };
      expect(encodeCic({ jwk, rz, att })).toBe(cic);
      expect(commitment(cic)).toBe(nonce);
      const place = { day: decision.time.slice(0, 10), id: decision.id };
      const signed = { jkt: thumbprint(jwk), nonce: decision.nonce, strength: 'fresh-sign-in' as const };
      expect(decisionKey(place, signed)).toBe(key);
    },
  );
});

describe('what is approved', () => {
  it('has another digest as soon as anything about it is another', () => {
    const [{ thing, digest }] = vectors.things as [Vectors['things'][number]];
    const others: Partial<ApprovedThing>[] = [
      { purpose: 'session' },
      { connection: 'test-db' },
      { session: 'other' },
      { requester: { ...thing.requester, sub: 'bob' } },
      { requester: { ...thing.requester, bot: 'helper' } },
      { statement: sha256('DROP TABLE public.orders ') },
      { parameters: ['null'] },
      { policyDigest: sha256('') },
      { policies: [] },
      { expires: '2026-03-01T09:15:00.000001Z' },
      { nonce: '6'.repeat(64) },
    ];
    const digests = others.map((other) => approvedDigest({ ...thing, ...other }));
    expect(new Set([digest, ...digests]).size).toBe(others.length + 1);
  });

  it('tells the format of a parameter and NULL apart', () => {
    const value = Buffer.from('null');
    expect(
      new Set(
        describeParameters([
          { value, format: 0 },
          { value, format: 1 },
          { value: null, format: 0 },
        ]),
      ).size,
    ).toBe(3);
    expect(describeParameters()).toEqual([]);
  });
});

describe('names of objects', () => {
  const place = { day: '2026-03-01', id: 'request-0001' };

  it('are read back as they were made, and in one way only', () => {
    const jkt = 'Ab-_'.repeat(10).padEnd(43, 'x');
    for (const strength of ['fresh-sign-in', 'session-key'] as const) {
      const key = decisionKey(place, { jkt, nonce: '9'.repeat(64), strength });
      const nonce = strength === 'session-key' ? { nonce: '9'.repeat(16) } : {};
      expect(parseApprovalKey(key)).toEqual({ ...place, kind: 'decision', jkt, ...nonce });
    }
    const folder = approvalFolder(place.day, place.id);
    for (const name of [
      '',
      'decision.sigstore.json',
      `decision-${jkt}x.sigstore.json`,
      'request.json',
      '../request.sigstore.json',
    ])
      expect(parseApprovalKey(folder + name)).toBeUndefined();
    expect(parseApprovalKey(`v1/appr/day=2026-03-01/req=UPPER-case/request.sigstore.json`)).toBeUndefined();
  });
});

describe('tokens of programs', () => {
  const person = {
    iss: 'https://login.example.test',
    sub: 'dana',
    aud: 'broker-evidence',
    azp: 'broker-evidence',
  };

  it.each([
    { idtyp: 'app' },
    { gty: 'client-credentials' },
    { gty: ['client_credentials'] },
    { sub: 'broker-evidence' },
    { sub: 'x', client_id: 'x' },
    { sub: 'abc@clients' },
    { email: 'deploy@project.iam.gserviceaccount.com' },
    { preferred_username: 'service-account-deploy' },
    { sub: 'repo:org/name:ref:refs/heads/main', job_workflow_ref: 'w' },
    { sub: 'project_path:group/name:ref_type:branch:ref:main', project_path: 'group/name' },
    { sub: 'system:serviceaccount:default:deploy' },
    { sub: 'spiffe://example.test/deploy' },
    { act: { sub: 'somebody' } },
  ])('are told by %j', (claims) => {
    expect(machineReason({ ...person, ...claims })).toEqual(expect.any(String));
  });

  it('are not people', () => {
    expect(machineReason(person)).toBeUndefined();
    expect(
      machineReason({ ...person, sub: '104857', email: 'dana@example.com', preferred_username: 'dana' }),
    ).toBeUndefined();
  });
});

describe('a fresh sign-in', () => {
  const answered = Date.parse('2026-03-01T09:00:00Z');
  const predicate = { decision: { time: stamp(answered) }, strength: 'fresh-sign-in' } as never;
  const problem = (signedIn: unknown, issued = answered, now = answered) =>
    freshProblem(
      predicate,
      { iss: '', sub: '', jkt: '', claims: { auth_time: signedIn }, validity: [{ from: issued }] },
      now,
    )?.reason;

  it.each([
    ['at the same time', 0, undefined],
    ['five minutes before', -300, undefined],
    ['five minutes after', 300, undefined],
    ['longer before', -301, /five minutes/],
    ['longer after', 301, /five minutes/],
  ])('%s', (_, seconds, expected) => {
    const reason = problem(answered / 1000 + seconds, answered, answered + 400_000);
    if (expected) expect(reason).toMatch(expected);
    else expect(reason).toBeUndefined();
  });

  it('is refused from the future, without a time, and with one that is no number', () => {
    expect(problem(answered / 1000 + 61)).toMatch(/future/);
    for (const value of [undefined, '1772355600', null, Number.NaN])
      expect(problem(value)).toMatch(/auth_time|five minutes/);
  });

  it('is refused when its ID token was issued at another time than it says', () => {
    expect(problem(answered / 1000, answered + 361_000)).toMatch(/issued/);
  });
});

describe('a quorum', () => {
  const person = fc.record({
    sub: fc.constantFrom('dana', 'emil', 'fay'),
    jkt: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
    answer: fc.constantFrom(
      'approve' as const,
      'approve' as const,
      'approve' as const,
      'deny' as const,
      'revoke' as const,
    ),
    time: fc.constantFrom('2026-03-01T09:00:00.000000Z', '2026-03-01T09:01:00.000000Z'),
    digest: fc.uuid(),
  });
  const decisions = fc
    .array(person, { maxLength: 8 })
    .map((each) =>
      each.map(
        (one) => ({ ...one, iss: 'i', strength: 'fresh-sign-in', key: one.digest }) as CheckedDecision,
      ),
    );

  it('never counts a person or a key twice, never outweighs a refusal, and is the same in any order', () => {
    fc.assert(
      fc.property(decisions, fc.integer({ min: 1, max: 3 }), fc.integer(), (all, quorum, seed) => {
        const { state, decisions: counted, missing } = countQuorum(all, quorum);
        const refused = all.some(({ answer }) => answer !== 'approve');
        expect(state === 'denied' || state === 'revoked').toBe(refused);
        if (state === 'approved') {
          expect(counted).toHaveLength(quorum);
          expect(new Set(counted.map(({ sub }) => sub)).size).toBe(quorum);
          expect(new Set(counted.map(({ jkt }) => jkt)).size).toBe(quorum);
          expect(missing).toBe(0);
        }
        const shuffled = [...all].sort((a, b) =>
          sha256(a.digest + seed).localeCompare(sha256(b.digest + seed)),
        );
        expect(countQuorum(shuffled, quorum)).toEqual({ state, decisions: counted, missing });
      }),
    );
  });

  it('of nobody is pending, even where a quorum of none is asked for', () => {
    expect(countQuorum([], 0)).toEqual({ state: 'pending', decisions: [], missing: 1 });
  });
});

describe('the shape of an object', () => {
  const consumed = {
    kind: 'consumed',
    store: STORE_ID,
    key: 'k',
    identity: { iss: 'i', sub: 's', jkt: 'j'.repeat(43), pkToken: 'a'.repeat(64), binding: 'nonce' },
    clock: { wall: '2026-03-01T09:00:00.000000Z', monotonic: '1' },
    tool: TOOL,
    id: 'request-0001',
    request: 'b'.repeat(64),
    decisions: ['1'.repeat(64), '2'.repeat(64)],
    outcome: 'used',
  };

  it('is accepted whole, and refused with any member gone, changed in type, or added', () => {
    expect(approvalProblem(consumed)).toBeUndefined();
    for (const name of Object.keys(consumed)) {
      const { [name as 'kind']: _, ...rest } = consumed;
      expect(approvalProblem(rest)).toEqual(expect.any(String));
      expect(approvalProblem({ ...consumed, [name]: [1, 2] })).toEqual(expect.any(String));
    }
    expect(approvalProblem({ ...consumed, more: 1 })).toMatch(/unknown member "more"/);
    expect(approvalProblem({ ...consumed, decisions: [...consumed.decisions].reverse() })).toMatch(
      /not sorted/,
    );
    expect(approvalProblem({ ...consumed, decisions: ['1'.repeat(64), '1'.repeat(64)] })).toMatch(
      /not sorted/,
    );
  });

  it('is refused for anything at all', () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof approvalProblem(value) === 'string'));
  });
});
