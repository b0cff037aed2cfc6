// Control tests as OSCAL 1.2.1: assessment results, and what the product implements. Must never make a finding of what no data proves.
import { uuidV5 } from '../lib/uuid.ts';
import type { Approver } from './approver.ts';
import type {
  ExportedEvent,
  ExportedStatement,
  Exporter,
  ExportFooter,
  ExportHeader,
  ExportTarget,
  ExportWriter,
} from './exporter.ts';
import { type Assessed, Assessment, CONTROLS, type Facts } from './nist/index.ts';
import { NOT_PROOF, writeReadme } from './readme.ts';

const VERSION = '1.2.1';
/** Of everything this product names in OSCAL; made once, at random. */
const NAMESPACE = '0e4f3b52-6d0c-4f2e-9d57-0b8f5c9f3a61';
const NS = 'urn:access-broker:oscal';
const CATALOG =
  'https://raw.githubusercontent.com/usnistgov/oscal-content/main/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_catalog.json';
/** The component definition says the same whatever was exported. */
const DEFINED = '2026-01-01T00:00:00Z';

type Id = (...parts: string[]) => string;

/** Ids of one set of evidence: the same evidence has the same ids. */
function ids(seed: string): Id {
  const namespace = uuidV5(NAMESPACE, seed);
  return (...parts) => uuidV5(namespace, parts.join('\u0000'));
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `ac-6.9` of `ac-6.9`, `ac-2` of `ac-2_smt.g`. */
function controlId(id: string): string {
  return id.replace(/_smt\..*$/, '');
}

/** The objective's id in the catalogue of assessment procedures. */
function objectiveId(id: string): string {
  const [control = '', part] = id.split('_smt.');
  return part === undefined ? `${control}_obj` : `${control}_obj.${part}`;
}

function resources(facts: Facts, id: Id): object[] {
  return facts.evidence.map(({ key, sha256 }) => ({
    uuid: id('resource', key),
    title: key,
    description: 'A signed session statement of the export in the format bundle.',
    rlinks: [{ href: key, hashes: [{ algorithm: 'SHA-256', value: sha256 }] }],
  }));
}

function observation({ control, state, reasons }: Assessed, facts: Facts, id: Id, collected: string): object {
  return {
    uuid: id('observation', control.id),
    title: control.name,
    description: `${control.objective} Result: ${state.replace('-', ' ')}. ${reasons.join('; ')}`,
    props: [{ name: 'result', ns: NS, value: state }],
    methods: ['TEST'],
    types: ['control-objective'],
    ...(facts.evidence.length > 0
      ? {
          'relevant-evidence': facts.evidence.slice(0, 20).map(({ key }) => ({
            href: `#${id('resource', key)}`,
            description: 'A signed session that was tested.',
          })),
        }
      : {}),
    collected,
    remarks: `What stays for a person to judge: ${control.human}`,
  };
}

function finding({ control, state, reasons }: Assessed, id: Id): object {
  return {
    uuid: id('finding', control.id),
    title: `${control.name} ${control.title}`,
    description: control.objective,
    target: {
      type: 'objective-id',
      'target-id': objectiveId(control.id),
      status: { state, reason: state === 'satisfied' ? 'pass' : 'fail', remarks: reasons.join('; ') },
    },
    'related-observations': [{ 'observation-uuid': id('observation', control.id) }],
  };
}

/** What OSCAL takes for a time: no more than it needs. */
function stamp(time: string): string {
  return time === '' ? '1970-01-01T00:00:00Z' : time;
}

/** People who answered requests, as roles and parties have them; nothing where nobody did. */
function parties(people: readonly Approver[], id: Id): object {
  if (people.length === 0) return {};
  const uuid = ({ iss, sub }: Approver) => id('party', iss, sub);
  return {
    roles: [{ id: 'approver', title: 'Approver', description: 'Answered a request of a tested session.' }],
    parties: people.map((one) => ({
      uuid: uuid(one),
      type: 'person',
      name: token(one.name) || token(one.sub) || 'unnamed',
      ...(token(one.sub) === '' ? {} : { 'external-ids': [{ scheme: one.iss, id: token(one.sub) }] }),
      ...(isMail(one.email) ? { 'email-addresses': [one.email] } : {}),
    })),
    'responsible-parties': [{ 'role-id': 'approver', 'party-uuids': people.map(uuid) }],
  };
}

/** A text of the schema is one line that begins and ends with something. */
function token(text = ''): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** The schema takes no other, and not all that a mail server would. */
function isMail(email: string | undefined): email is string {
  const local = /^[a-z0-9_+-]+(\.[a-z0-9_+-]+)*$/i;
  const domain = /^([a-z0-9-]*[a-z0-9]\.)+[a-z][a-z0-9-]*[a-z0-9]$/i;
  const [name = '', host = '', ...more] = (email ?? '').slice(0, 255).split('@');
  return more.length === 0 && local.test(name) && domain.test(host) && !/(^|\.)-/.test(host);
}

function reviewed(results: readonly Assessed[]): object {
  return {
    'control-selections': [
      {
        'include-controls': [...new Set(results.map(({ control }) => controlId(control.id)))].map((each) => ({
          'control-id': each,
        })),
      },
    ],
  };
}

function assessmentResults(
  results: readonly Assessed[],
  facts: Facts,
  header: ExportHeader,
  people: readonly Approver[],
): object {
  const heads = facts.evidence.map(({ sha256 }) => sha256).join();
  const id = ids(
    [header.store.id, JSON.stringify(header.filters), facts.first, facts.last, heads].join('\u0000'),
  );
  const proven = results.filter(({ state }) => state !== 'not-assessable');
  const verdicts = facts.verification;
  const plan = id('plan');
  return {
    'assessment-results': {
      uuid: id('assessment-results'),
      metadata: {
        title: 'Control tests over session evidence',
        'last-modified': stamp(facts.last),
        version: '1',
        'oscal-version': VERSION,
        ...parties(people, id),
      },
      'import-ap': { href: `#${plan}` },
      results: [
        {
          uuid: id('result'),
          title: 'NIST SP 800-53 rev. 5, what session evidence can prove',
          description: `Each objective was tested over all events of the span. INTEGRITY ${verdicts?.integrity.verdict ?? ''}, COMPLETENESS ${verdicts?.completeness.verdict ?? ''}, COVERAGE ${verdicts?.coverage.verdict ?? ''}.`,
          start: stamp(facts.first),
          end: stamp(facts.last),
          props: [
            { name: 'integrity', ns: NS, value: verdicts?.integrity.verdict ?? 'UNKNOWN' },
            { name: 'completeness', ns: NS, value: verdicts?.completeness.verdict ?? 'UNKNOWN' },
            {
              name: 'coverage',
              ns: NS,
              value: (verdicts?.coverage.verdict ?? 'NOT CHECKED').replace(' ', '-'),
            },
          ],
          'reviewed-controls': reviewed(results),
          observations: results.map((each) => observation(each, facts, id, stamp(facts.last))),
          ...(proven.length > 0 ? { findings: proven.map((each) => finding(each, id)) } : {}),
        },
      ],
      'back-matter': {
        resources: [
          {
            uuid: plan,
            title: 'Assessment plan',
            description: 'The control tests of access-broker; docs/nist-800-53.md says what each shows.',
          },
          ...resources(facts, id),
        ],
      },
    },
  };
}

function componentDefinition(): object {
  const id = ids('component-definition');
  return {
    'component-definition': {
      uuid: id('definition'),
      metadata: { title: 'access-broker', 'last-modified': DEFINED, version: '1', 'oscal-version': VERSION },
      components: [
        {
          uuid: id('component'),
          type: 'software',
          title: 'access-broker',
          description:
            'Judges, holds, masks, records and signs every statement that people and bots run on production.',
          'control-implementations': [
            {
              uuid: id('implementation'),
              source: CATALOG,
              description:
                'What the product contributes to each control; what stays for people is named with it.',
              'implemented-requirements': [...new Set(CONTROLS.map((each) => controlId(each.id)))].map(
                (control) => ({
                  uuid: id('requirement', control),
                  'control-id': control,
                  description: CONTROLS.filter((each) => controlId(each.id) === control)
                    .map(({ name, objective, human }) => `${name}: ${objective} For people: ${human}`)
                    .join(' '),
                }),
              ),
            },
          ],
        },
      ],
    },
  };
}

const ABOUT = `## What is here

- \`assessment-results.json\`: OSCAL ${VERSION}. A finding only for objectives that data proves or disproves; an observation for every one.
  The observations point at signed files of the format \`bundle\`, with their digests.
- \`component-definition.json\`: what the product contributes to each control.

\`broker report --framework nist-800-53\` prints the same results.

${NOT_PROOF}`;

class OscalWriter implements ExportWriter {
  readonly #target: ExportTarget;
  #header: ExportHeader | undefined;
  #assessment = new Assessment('');
  #sessions = 0;
  readonly #approvers = new Map<string, Approver>();

  constructor(target: ExportTarget) {
    this.#target = target;
  }

  async header(header: ExportHeader): Promise<void> {
    this.#header = header;
    this.#assessment = new Assessment(header.store.url);
  }

  async statement(statement: ExportedStatement): Promise<void> {
    if (statement.chosen && statement.predicate.kind === 'session') this.#sessions += 1;
    this.#assessment.statement(statement);
    for (const one of statement.approvers?.values() ?? []) {
      const who = JSON.stringify([one.iss, one.sub]);
      if (!this.#approvers.has(who)) this.#approvers.set(who, one);
    }
  }

  async blob(): Promise<void> {}

  async event(event: ExportedEvent): Promise<void> {
    this.#assessment.event(event);
  }

  async footer(footer: ExportFooter): Promise<void> {
    const results = this.#assessment.finish(footer.verdicts);
    const report = assessmentResults(results, this.#assessment.facts, this.#header as ExportHeader, [
      ...this.#approvers.values(),
    ]);
    await this.#target.file('assessment-results.json', pretty(report));
    await this.#target.file('component-definition.json', pretty(componentDefinition()));
    await writeReadme(this.#target, this.#header, footer, { sessions: this.#sessions, about: ABOUT });
  }
}

export const oscalExporter: Exporter = {
  id: 'oscal',
  summary: 'NIST SP 800-53 control tests as OSCAL assessment results',
  judges: true,
  wants: { blobs: false, events: true },
  streams: false,
  open: (target) => new OscalWriter(target),
};
