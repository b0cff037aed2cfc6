// Tells the tokens of programs from those of people, as providers mark them. Pure; a token it does not know is not thereby a person's.
import type { Claims } from './claims.ts';

interface Mark {
  readonly what: string;
  holds(claims: Claims): boolean;
}

const starts = (value: unknown, prefix: string) => typeof value === 'string' && value.startsWith(prefix);
const ends = (value: unknown, suffix: string) => typeof value === 'string' && value.endsWith(suffix);

/** How a client's own token, or a service account's, shows itself. */
const MARKS: readonly Mark[] = [
  { what: 'the token is an application’s (idtyp)', holds: ({ idtyp }) => idtyp === 'app' },
  {
    what: 'the token was issued to a client for itself (gty)',
    holds: ({ gty }) =>
      [gty].flat().some((each) => each === 'client-credentials' || each === 'client_credentials'),
  },
  {
    what: 'its subject is a client',
    holds: ({ sub, aud, azp, client_id: client }) =>
      sub === client || sub === azp || [aud].flat().includes(sub) || ends(sub, '@clients'),
  },
  {
    what: 'its subject is a service account',
    holds: ({ email, preferred_username: name }) =>
      ends(email, '.gserviceaccount.com') || starts(name, 'service-account-'),
  },
  {
    what: 'its subject is a workload',
    holds: ({ sub, job_workflow_ref: workflow, project_path: project }) =>
      workflow !== undefined ||
      project !== undefined ||
      starts(sub, 'system:serviceaccount:') ||
      starts(sub, 'spiffe://') ||
      starts(sub, 'repo:'),
  },
  { what: 'the token is a delegated one (act)', holds: ({ act }) => act !== undefined },
];

/** Why a token is not a person's own, or undefined. */
export function machineReason(claims: Claims): string | undefined {
  return MARKS.find((mark) => mark.holds(claims))?.what;
}
