// The parameters of an authorization request, with the few providers that want something of their own. Pure.

export interface RequestWishes {
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly nonce?: string;
  /** Ask without showing anything: fails when the person would have to act. */
  readonly silent?: boolean;
  /** Seconds: a sign-in older than this must be repeated. */
  readonly maxAge?: number;
}

interface Habit {
  matches(issuer: URL): boolean;
  /** Scope that this provider does not know, and what it wants instead to give a refresh token. */
  readonly offline: { readonly scope: boolean; readonly parameters: Readonly<Record<string, string>> };
}

/** OIDC Core section 11: offline access is asked for with `prompt=consent`. */
const STANDARD: Habit['offline'] = { scope: true, parameters: { prompt: 'consent' } };

const HABITS: readonly Habit[] = [
  {
    matches: (issuer) => issuer.hostname === 'accounts.google.com',
    offline: { scope: false, parameters: { access_type: 'offline', prompt: 'consent' } },
  },
  {
    // Where people may not consent for themselves, prompt=consent ends in "need admin approval".
    matches: (issuer) => /(^|\.)login\.microsoftonline\.(com|us)$/.test(issuer.hostname),
    offline: { scope: true, parameters: {} },
  },
];

function promptOf(wishes: RequestWishes, offline: Readonly<Record<string, string>>): Record<string, string> {
  if (wishes.silent) return { prompt: 'none' };
  const prompts = [wishes.maxAge === undefined ? undefined : 'login', offline['prompt']];
  const prompt = prompts.filter((one) => one !== undefined).join(' ');
  return prompt === '' ? {} : { prompt };
}

export function requestParameters(wishes: RequestWishes): Record<string, string> {
  const habit = HABITS.find((one) => one.matches(new URL(wishes.issuer)))?.offline ?? STANDARD;
  const offline = wishes.scopes.includes('offline_access');
  const scopes = wishes.scopes.filter((scope) => habit.scope || scope !== 'offline_access');
  const { prompt: _, ...extra } = offline ? habit.parameters : {};
  return {
    ...extra,
    ...promptOf(wishes, offline ? habit.parameters : {}),
    scope: [...new Set(['openid', ...scopes])].join(' '),
    ...(wishes.nonce === undefined ? {} : { nonce: wishes.nonce }),
    ...(wishes.maxAge === undefined ? {} : { max_age: String(wishes.maxAge) }),
  };
}
