import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../../src/commands/report.ts';
import { CONTROLS } from '../../src/exporters/nist/index.ts';
import { uuidV5 } from '../../src/lib/uuid.ts';
import { runCommand } from '../fakes/command.ts';
import { type Evidence, exportTo, makeEvidence } from './evidence.ts';
import { oscalSchema } from './oscal-schema.ts';

interface Found {
  readonly uuid: string;
  readonly title: string;
  readonly target: { readonly 'target-id': string; readonly status: { readonly state: string } };
}

let evidence: Evidence;
let folder: string;
beforeAll(async () => {
  evidence = await makeEvidence();
  folder = (await exportTo(evidence, 'oscal')).output;
});
afterAll(() => evidence.remove());

const read = (name: string, from = folder) => JSON.parse(readFileSync(join(from, name), 'utf8'));

/** Every `uuid` member, wherever it is. */
function uuids(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'uuid' ? [String(member)] : uuids(member),
  );
}

describe('broker export --format oscal', () => {
  it('makes findings only of what data proves, observations of everything', () => {
    const { results } = read('assessment-results.json')['assessment-results'];
    const [{ findings, observations }] = results as [{ findings: Found[]; observations: { uuid: string }[] }];
    expect(observations).toHaveLength(CONTROLS.length);
    expect(findings.length).toBeLessThan(CONTROLS.length);
    const states = Object.fromEntries(
      findings.map(({ target }) => [target['target-id'], target.status.state]),
    );
    expect(states).toMatchObject({
      'au-3_obj': 'satisfied',
      'ac-3_obj': 'satisfied',
      'ac-2_obj.g': 'satisfied',
      'au-6_obj.a': 'not-satisfied',
    });
    expect(Object.keys(states)).not.toContain('au-9.4_obj');
  });

  it('refers to nothing that is not in it, and names nothing twice', () => {
    for (const name of ['assessment-results.json', 'component-definition.json']) {
      const text = JSON.stringify(read(name));
      const own = uuids(read(name));
      expect(new Set(own).size).toBe(own.length);
      for (const [, uuid] of text.matchAll(/"(?:#|observation-uuid":")([0-9a-f-]{36})"/g))
        expect(own).toContain(uuid);
    }
  });

  it('points at signed files with their digests', () => {
    const {
      'back-matter': { resources },
    } = read('assessment-results.json')['assessment-results'];
    const [, first] = resources as {
      rlinks?: { href: string; hashes: { algorithm: string; value: string }[] }[];
    }[];
    expect(first?.rlinks?.[0]).toMatchObject({
      href: expect.stringMatching(/^v1\/stmt\/day=2026-03-01\/writer=.*-session\.sigstore\.json$/),
      hashes: [{ algorithm: 'SHA-256', value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
  });

  it('is the same, ids included, when it is made again', async () => {
    evidence.clock.advance(60_000);
    const again = (await exportTo(evidence, 'oscal')).output;
    expect(read('assessment-results.json', again)).toEqual(read('assessment-results.json'));
  });

  it.each([
    ['assessment-results', 'assessment-results.json'],
    ['component', 'component-definition.json'],
  ] as const)('is valid by NIST’s own schema of %s', (schema, name) => {
    const validate = oscalSchema(schema);
    expect([validate(read(name)), validate.errors]).toEqual([true, null]);
    const text = JSON.stringify(read(name));
    for (const broken of [
      text.replace(/"uuid":"[^"]*"/, '"uuid":"none"'),
      text.replace('"oscal-version"', '"version-of-oscal"'),
      text.replace(/"last-modified":"[^"]*"/, '"last-modified":"today"'),
    ])
      expect(validate(JSON.parse(broken))).toBe(false);
  });
});

describe('uuidV5', () => {
  it('gives the published answer', () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('broker report', () => {
  const run = (json: boolean) =>
    runCommand(report, {
      home: evidence.folder,
      cwd: evidence.folder,
      environment: evidence.environment,
      clock: evidence.clock,
      options: { offline: true, framework: 'nist-800-53' },
      json,
    });

  it('prints every control with its result and reasons', async () => {
    const { code, stdout } = await run(false);
    expect(code).toBe(0);
    expect(stdout).toContain('INTEGRITY VALID, COMPLETENESS COMPLETE');
    for (const { name, title } of CONTROLS) {
      expect(stdout).toContain(`${name.padEnd(9)}  `);
      expect(stdout).toContain(title);
    }
    expect(stdout).toMatch(/AU-6a {6}not satisfied {3}Audit record review\n {11}no export is on record/);
  });

  it('says the same as the OSCAL export', async () => {
    const { controls } = JSON.parse((await run(true)).stdout) as {
      controls: { id: string; state: string }[];
    };
    const { results } = read('assessment-results.json')['assessment-results'];
    const findings = (results[0].findings as Found[]).map(({ title, target }) => [
      title.split(' ')[0],
      target.status.state,
    ]);
    const said = controls
      .filter(({ state }) => state !== 'not-assessable')
      .map((each) => [(each as unknown as { control: string }).control, each.state]);
    expect(findings).toEqual(said);
  });
});
