// NIST SP 800-53 rev. 5, the families about access, change and identity: AC, CM, IA. One row per objective.
import { all, type Control, every, unassessable, valid } from './control.ts';

const SESSIONS = ['sessions', 'sealed sessions'] as const;
const CREDENTIALS = ['credentials', 'credentials for targets'] as const;
const STATEMENTS = ['statements', 'statements'] as const;
const CHANGES = ['changes', 'statements that destroy, define or administer'] as const;

export const ACCESS: readonly Control[] = [
  {
    id: 'ac-2_smt.g',
    name: 'AC-2g',
    title: 'Account management: monitor the use of accounts',
    objective: 'Every session names the person and the account of the target that was used.',
    human: 'Whether the accounts are the right ones, and who reviews their use.',
    test: (facts) => every(facts, SESSIONS, [['withoutAccount', 'sessions name no account']]),
  },
  {
    id: 'ac-3',
    name: 'AC-3',
    title: 'Access enforcement',
    objective:
      'Every statement carries a decision and its policy set; nothing refused was answered, nothing asked ran unapproved.',
    human: 'Whether the policies say what the organisation wants.',
    test: (facts) =>
      every(facts, STATEMENTS, [
        ['withoutDecision', 'statements carry no decision'],
        ['withoutPolicyDigest', 'statements name no policy set'],
        ['refusedAndAnswered', 'refused statements ran all the same'],
        ['askedAndUnapproved', 'statements that had to be approved ran without'],
      ]),
  },
  {
    id: 'ac-5_smt.b',
    name: 'AC-5b',
    title: 'Separation of duties: access supports it',
    objective: 'What had to be approved ran only with the signed decision of another person.',
    human: 'Which duties have to be separate.',
    test: (facts, verification) =>
      all(
        valid(verification),
        every(
          facts,
          ['approvalsUsed', 'approvals used'],
          [
            ['approvalsWithoutDecision', 'approvals have no signed decision'],
            ['askedAndUnapproved', 'statements that had to be approved ran without'],
          ],
        ),
      ),
  },
  {
    id: 'ac-6.9',
    name: 'AC-6(9)',
    title: 'Least privilege: log use of privileged functions',
    objective: 'Every administering statement is in the log with its text.',
    human: 'Whether other ways to privileged functions exist beside broker.',
    test: (facts) =>
      every(
        facts,
        ['privileged', 'administering statements'],
        [['privilegedUntold', 'administering statements have no text']],
      ),
  },
  {
    id: 'ac-6.10',
    name: 'AC-6(10)',
    title: 'Least privilege: prohibit non-privileged users from executing privileged functions',
    objective:
      'Every administering statement that was let through was let through by a named policy; refused ones did not run.',
    human: 'Whether those policies name the right people.',
    test: (facts) =>
      every(
        facts,
        ['privileged', 'administering statements'],
        [
          ['privilegedWithoutRule', 'administering statements passed without a policy'],
          ['refusedAndAnswered', 'refused statements ran all the same'],
        ],
      ),
  },
  {
    id: 'ac-12',
    name: 'AC-12',
    title: 'Session termination',
    objective: 'Every session ended, and says when and how.',
    human: 'Whether the conditions that end sessions are strict enough.',
    test: (facts) => every(facts, SESSIONS, [['unended', 'sessions do not say how they ended']]),
  },
  {
    id: 'ac-17_smt.b',
    name: 'AC-17b',
    title: 'Remote access: authorise before connection',
    objective: 'Every session names the policy set that admitted it.',
    human: 'Which kinds of remote access are allowed.',
    test: (facts) => every(facts, SESSIONS, [['withoutPolicy', 'sessions name no policy set']]),
  },
  {
    id: 'ac-17.1',
    name: 'AC-17(1)',
    title: 'Remote access: monitoring and control',
    objective: 'Every session has an event log, and every statement in it a decision.',
    human: 'Who watches.',
    test: (facts) =>
      every(facts, SESSIONS, [
        ['withoutEvents', 'sessions have no event'],
        ['withoutDecision', 'statements carry no decision'],
      ]),
  },
  {
    id: 'ac-17.4',
    name: 'AC-17(4)',
    title: 'Remote access: privileged commands and access',
    objective: 'Privileged statements ran only under a named policy, and are evidence that can be assessed.',
    human: 'The documented rationale for remote privileged access.',
    test: (facts, verification) =>
      all(
        valid(verification),
        every(
          facts,
          ['privileged', 'administering statements'],
          [['privilegedWithoutRule', 'administering statements passed without a policy']],
        ),
      ),
  },
  {
    id: 'cm-5',
    name: 'CM-5',
    title: 'Access restrictions for change',
    objective:
      'Every statement that destroys, defines or administers was let through by a named policy, or did not run.',
    human: 'Whether changes were requested and tested; physical access.',
    test: (facts) =>
      every(facts, CHANGES, [
        ['changesWithoutRule', 'changes passed without a policy'],
        ['refusedAndAnswered', 'refused statements ran all the same'],
      ]),
  },
  {
    id: 'ia-2',
    name: 'IA-2',
    title: 'Identification and authentication (organizational users)',
    objective: 'Every event names one person by issuer and subject; every bot names the person it acts for.',
    human: 'Whether the provider gives each person one account.',
    test: (facts, verification) =>
      all(
        valid(verification),
        every(facts, SESSIONS, [
          ['eventsWithoutContent', 'events do not say who, where and what'],
          ['botsWithoutPerson', 'bot sessions name no person'],
        ]),
      ),
  },
  {
    id: 'ia-2.1',
    name: 'IA-2(1)',
    title: 'Multi-factor authentication to privileged accounts',
    objective: 'Every sign-in says (amr) that more than a password was used.',
    human: 'What the provider means by its values.',
    test: (facts) => {
      if (facts.count('singleFactor') === 0 && facts.count('withoutFactors') > 0)
        return unassessable(
          `the provider did not say how people signed in (${facts.count('withoutFactors')} sign-ins without amr)`,
        );
      return every(facts, ['epochs', 'sign-ins'], [['singleFactor', 'sign-ins with one factor']]);
    },
  },
  {
    id: 'ia-2.8',
    name: 'IA-2(8)',
    title: 'Access to accounts: replay resistant',
    objective: 'Every sign-in is bound to a fresh key by its nonce.',
    human: 'Nothing, when the provider is trusted.',
    test: (facts, verification) =>
      all(
        valid(verification),
        every(facts, ['epochs', 'sign-ins'], [['unbound', 'sign-ins that commit to no key']]),
      ),
  },
  {
    id: 'ia-5_smt.f',
    name: 'IA-5f',
    title: 'Authenticator management: change or refresh',
    objective: 'Credentials for targets end with the session or soon after it.',
    human: 'How often standing credentials are changed.',
    test: (facts) =>
      every(facts, CREDENTIALS, [['standingCredentials', 'sessions used a credential that does not end']]),
  },
  {
    id: 'ia-5_smt.g',
    name: 'IA-5g',
    title: 'Authenticator management: protect content',
    objective:
      'No client was given a credential of a target: it was told a secret that died with its session.',
    human: 'How keychains and environments of machines are protected.',
    test: (facts) =>
      facts.count('standingCredentials') > 0
        ? unassessable(
            'standing credentials lie on people’s machines; how they are protected is not in the evidence',
          )
        : every(facts, CREDENTIALS, []),
  },
];
