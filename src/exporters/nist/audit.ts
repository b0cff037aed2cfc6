// NIST SP 800-53 rev. 5, the families about audit and protection: AU, SC, SI. One row per objective.
import {
  all,
  type Control,
  complete,
  every,
  type Outcome,
  satisfied,
  unassessable,
  unsatisfied,
  valid,
} from './control.ts';
import type { Facts } from './facts.ts';

const SESSIONS = ['sessions', 'sealed sessions'] as const;
const EVENTS = ['events', 'events'] as const;

/** Sessions say that they have events, and events were seen. */
function recorded(facts: Facts): Outcome {
  return all(every(facts, SESSIONS, [['withoutEvents', 'sessions have no event']]), every(facts, EVENTS, []));
}

export const AUDIT: readonly Control[] = [
  {
    id: 'au-2_smt.c',
    name: 'AU-2c',
    title: 'Event logging: the chosen events are logged',
    objective: 'Sessions, sign-ins, refusals, statements, answers and approvals are in the evidence.',
    human: 'Which events have to be logged, and why these are enough.',
    test: (facts) => recorded(facts),
  },
  {
    id: 'au-3',
    name: 'AU-3',
    title: 'Content of audit records',
    objective: 'Every event says what, when, where, its source, its outcome and who.',
    human: 'Nothing.',
    test: (facts) => every(facts, EVENTS, [['eventsWithoutContent', 'events lack a part']]),
  },
  {
    id: 'au-3.1',
    name: 'AU-3(1)',
    title: 'Content of audit records: additional information',
    objective: 'Every statement is recorded with its actions, its policies and its decision.',
    human: 'Whether more is needed.',
    test: (facts) =>
      every(facts, ['statements', 'statements'], [['withoutDecision', 'statements carry no decision']]),
  },
  {
    id: 'au-5',
    name: 'AU-5',
    title: 'Response to audit logging process failures',
    objective: 'No recording lost a part: what cannot be recorded does not run.',
    human: 'Who is told of failures.',
    test: (facts) =>
      facts.count('damaged') > 0
        ? unsatisfied(
            `${facts.count('damaged')} recordings have parts that were unreadable when sealed: ${facts.of('damaged').examples.join(', ')}`,
          )
        : unassessable('no failure happened in this span; without one the response is not in the evidence'),
  },
  {
    id: 'au-6_smt.a',
    name: 'AU-6a',
    title: 'Audit record review',
    objective: 'Evidence was handed out for review in this span.',
    human: 'Whether anybody read it, how often, and what followed.',
    test: (facts) =>
      facts.count('accesses') === 0
        ? unsatisfied('no export is on record in this span')
        : unassessable(`${facts.count('accesses')} exports are on record; whether they were read is not`),
  },
  {
    id: 'au-7',
    name: 'AU-7',
    title: 'Audit record reduction and report generation',
    objective: 'Reports are made from the records without altering them.',
    human: 'Whether the reports answer the questions asked.',
    test: (_, verification) => valid(verification),
  },
  {
    id: 'au-8',
    name: 'AU-8',
    title: 'Time stamps',
    objective: 'Every event and statement carries UTC with microseconds, and no writer’s clock ran back.',
    human: 'Whether machines keep the right time.',
    test: (facts, { notes }) => {
      const back = notes.filter(({ about }) => about === 'clock');
      if (back.length > 0)
        return unsatisfied(
          `${back.length} statements are dated before their predecessor: ${back[0]?.file ?? ''}`,
        );
      return every(facts, EVENTS, [['eventsWithBadTime', 'events carry no such time']]);
    },
  },
  {
    id: 'au-9',
    name: 'AU-9',
    title: 'Protection of audit information',
    objective: 'Nothing was altered, nothing that was signed is missing.',
    human: 'Who may read the store.',
    test: (_, verification) => all(valid(verification), complete(verification)),
  },
  {
    id: 'au-9.2',
    name: 'AU-9(2)',
    title: 'Store on separate physical systems or components',
    objective: 'Evidence lies in an object store apart from the machines it tells of.',
    human: 'Where the store is, and that it is another system.',
    test: (facts, { checked }) =>
      facts.store.startsWith('s3:') && checked.statements > 0
        ? satisfied('the store is an object store')
        : unassessable(
            'no signed statement, or in a folder: that it is on another system is not in the evidence',
          ),
  },
  {
    id: 'au-9.3',
    name: 'AU-9(3)',
    title: 'Cryptographic protection',
    objective: 'Every record is covered by a signature that holds (ECDSA P-256, SHA-256).',
    human: 'Nothing.',
    test: (_, verification) => valid(verification),
  },
  {
    id: 'au-9.4',
    name: 'AU-9(4)',
    title: 'Access by subset of privileged users',
    objective: 'Who may administer the store.',
    human: 'The rights on the bucket or folder; `broker doctor` prints the least that is needed.',
    test: () => unassessable('rights on the store are not in the evidence'),
  },
  {
    id: 'au-10',
    name: 'AU-10',
    title: 'Non-repudiation',
    objective: 'Every signature leads to a sign-in that committed to its key.',
    human: 'How people are identified before they get an account.',
    test: (facts, verification) =>
      all(
        valid(verification),
        every(facts, ['epochs', 'sign-ins'], [['unbound', 'sign-ins that commit to no key']]),
      ),
  },
  {
    id: 'au-11',
    name: 'AU-11',
    title: 'Audit record retention',
    objective: 'Records of the whole span are there.',
    human: 'How long they have to be kept, and the retention of the bucket.',
    test: (facts, verification) => {
      const outcome = complete(verification);
      return outcome.state === 'satisfied'
        ? unassessable(
            `complete from ${facts.first} to ${facts.last}; how long they have to be kept is not in the evidence`,
          )
        : outcome;
    },
  },
  {
    id: 'au-12',
    name: 'AU-12',
    title: 'Audit record generation',
    objective: 'Every session left records, and no record that was signed is missing.',
    human: 'Whether all targets are reached through broker only; a target’s own log tells (COVERAGE).',
    test: (facts, verification) => all(complete(verification), recorded(facts)),
  },
  {
    id: 'au-12.1',
    name: 'AU-12(1)',
    title: 'System-wide and time-correlated audit trail',
    objective: 'Records of all writers form one trail in UTC, tied together by witnesses.',
    human: 'How far clocks may differ.',
    test: (facts, verification) =>
      all(complete(verification), every(facts, EVENTS, [['eventsWithBadTime', 'events carry no such time']])),
  },
  {
    id: 'au-12.3',
    name: 'AU-12(3)',
    title: 'Changes by authorized individuals',
    objective: 'Who may change what is logged.',
    human: 'Who may change policy and masking files; every session names the policy set it ran under.',
    test: () => unassessable('who may change the configuration is not in the evidence'),
  },
  {
    id: 'au-14',
    name: 'AU-14',
    title: 'Session audit',
    objective: 'Every terminal session has its recording.',
    human: 'That people know they are recorded.',
    test: (facts) =>
      every(
        facts,
        ['terminals', 'terminal sessions'],
        [['terminalsWithoutRecording', 'terminal sessions have no recording']],
      ),
  },
  {
    id: 'sc-7_smt.a',
    name: 'SC-7a',
    title: 'Boundary protection: monitor and control communications',
    objective: 'The targets’ own logs name no session that is not here.',
    human: 'Where the boundary is.',
    test: (_, { coverage }) =>
      coverage.verdict === 'NOT CHECKED'
        ? unassessable('no log of a target was compared (--target-log)')
        : coverage.verdict === 'COVERED'
          ? satisfied(`${coverage.matched ?? 0} sessions of the target’s log are here, and none is missing`)
          : unsatisfied(
              `${coverage.findings?.length ?? 0} sessions of the target’s log are not here: ${coverage.findings?.[0]?.reason ?? ''}`,
            ),
  },
  {
    id: 'sc-8',
    name: 'SC-8',
    title: 'Transmission confidentiality and integrity',
    objective: 'Every session with a target on another machine names the certificate it was encrypted to.',
    human: 'Networks that broker does not see.',
    test: (facts) =>
      every(
        facts,
        ['remote', 'sessions with targets elsewhere'],
        [['remoteWithoutKey', 'of them name no certificate']],
      ),
  },
  {
    id: 'sc-13',
    name: 'SC-13',
    title: 'Cryptographic protection',
    objective: 'Signatures and digests are ECDSA P-256 and SHA-256, and hold.',
    human: 'Which uses need which cryptography; validated modules.',
    test: (_, verification) => valid(verification),
  },
  {
    id: 'si-4',
    name: 'SI-4',
    title: 'System monitoring',
    objective: 'Refused statements and sessions are on record with the policies that refused them.',
    human: 'Who is told, and what is done.',
    test: (facts, verification) => {
      const seen = facts.count('refused') + facts.count('attempts');
      if (seen === 0) return unassessable('nothing was refused in this span');
      return all(
        complete(verification),
        satisfied(
          `${facts.count('refused')} refused statements and ${facts.count('attempts')} refused sessions are on record`,
        ),
      );
    },
  },
];
