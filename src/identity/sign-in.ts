// One sign-in from question to SignedIn: evidence client first, target client in the same browser round. Keeps nothing itself.
import type { Clock } from '../lib/clock.ts';
import type { IdentitySettings } from '../model/config.ts';
import { BrokerError } from '../model/errors.ts';
import { bindIdentity, toTokens } from './binding.ts';
import { commitment } from './cic.ts';
import { samePerson } from './claims.ts';
import { type Courier, openCourier, type Purpose, type SignInPrompt } from './courier.ts';
import { askByDevice } from './device.ts';
import { makeKey } from './key.ts';
import type { Page } from './page.ts';
import { discover, type Provider, type TokenResponse, translate } from './provider.ts';
import type { Arrival } from './redirect.ts';
import { requestParameters } from './request.ts';
import type { SignedIn, Tokens } from './signed-in.ts';

export interface SignInOptions {
  readonly settings: IdentitySettings;
  readonly mode: 'browser' | 'paste' | 'device';
  show(prompt: SignInPrompt): void;
  /** Mode `paste`: resolves with what the person pasted; never resolving is fine, the listener also takes the answer. */
  pasted?(): Promise<string>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The person's desktop environment, to start a browser in; without it none is started. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds the person has; five minutes unless told. */
  readonly deadline?: number;
  /** SHA-256 hex of what a single-use key attests; no target tokens are asked for then. */
  readonly att?: string;
  /** Seconds: forces a new sign-in at the provider unless one is younger. */
  readonly maxAge?: number;
}

interface Round {
  readonly purpose: Purpose;
  readonly nonce: string;
  readonly silent?: boolean;
  readonly maxAge?: number;
}

type Outcome =
  | { readonly ok: true; readonly arrival: Arrival; readonly tokens: TokenResponse }
  | {
      readonly ok: false;
      readonly arrival: Arrival;
      readonly code: string | undefined;
      readonly error: BrokerError;
    };

/** One authorization code round: PKCE S256, state, nonce, and the issuer of the answer checked (RFC 9207). */
async function authorize(
  provider: Provider,
  settings: IdentitySettings,
  courier: Courier,
  round: Round,
  previous?: Arrival,
): Promise<Outcome> {
  const { oidc, config, issuer } = provider;
  const state = oidc.randomState();
  const verifier = oidc.randomPKCECodeVerifier();
  const url = oidc.buildAuthorizationUrl(config, {
    ...requestParameters({ issuer, scopes: settings.scopes, ...round }),
    redirect_uri: courier.redirectUri,
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const arrival = await courier.ask(url, state, round.purpose, previous);
  try {
    const tokens = await oidc.authorizationCodeGrant(config, arrival.url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: round.nonce,
      idTokenExpected: true,
      ...(round.maxAge === undefined ? {} : { maxAge: round.maxAge }),
    });
    return { ok: true, arrival, tokens };
  } catch (error) {
    const { error: answer } = error as { error?: unknown };
    const code = typeof answer === 'string' ? answer : undefined;
    return { ok: false, arrival, code, error: translate(error, issuer, provider.skew()) };
  }
}

/** OIDC Core 3.1.2.6: answers that mean "not without the person". */
const NEEDS_PERSON = new Set([
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
]);

type TargetResult = { readonly arrival: Arrival; readonly tokens?: Tokens; readonly notice?: string };

/** Tokens for targets, in the same browser window: silently first, then asking. Failing costs the tokens, not the sign-in. */
async function authorizeTarget(
  options: SignInOptions,
  clientId: string,
  courier: Courier,
  evidence: { readonly arrival: Arrival; readonly tokens: TokenResponse },
): Promise<TargetResult> {
  const { settings, clock, signal } = options;
  const provider = await discover({ issuer: settings.issuer, clientId, clock, signal });
  const nonce = () => provider.oidc.randomNonce();
  // Silence is worth a try only where the browser goes on by itself: a person should not paste twice for nothing.
  const silent = evidence.arrival.forward !== undefined;
  const round: Round = { purpose: 'target', nonce: nonce(), silent };
  let outcome = await authorize(provider, settings, courier, round, evidence.arrival);
  if (!outcome.ok && outcome.code !== undefined && NEEDS_PERSON.has(outcome.code))
    outcome = await authorize(
      provider,
      settings,
      courier,
      { purpose: 'target', nonce: nonce() },
      outcome.arrival,
    );
  const { arrival } = outcome;
  if (!outcome.ok) return { arrival, notice: `there are no tokens for targets: ${outcome.error.message}` };
  const claims = outcome.tokens.claims() ?? {};
  const pairwise = provider.metadata.subject_types_supported?.includes('public') === false;
  if (!samePerson(evidence.tokens.claims() ?? {}, claims, pairwise))
    return { arrival, notice: 'there are no tokens for targets: the provider answered for another account' };
  return { arrival, tokens: toTokens(outcome.tokens, clientId, clock) };
}

function welcome(signedIn: SignedIn): Page {
  const { email, name, sub } = signedIn.user;
  return {
    tone: 'good',
    title: 'You are signed in',
    text: `As ${email ?? name ?? sub}. You can close this window and go back to your terminal.`,
  };
}

async function signInByBrowser(options: SignInOptions, mode: 'browser' | 'paste'): Promise<SignedIn> {
  const { settings, clock, signal, maxAge } = options;
  const provider = await discover({ issuer: settings.issuer, clientId: settings.clientId, clock, signal });
  const { deadline = 300_000, environment, pasted } = options;
  const courier = await openCourier({
    mode,
    redirectPort: settings.redirectPort,
    show: (prompt) => options.show(prompt),
    ...(pasted ? { pasted: () => pasted.call(options) } : {}),
    ...(environment ? { environment } : {}),
    signal,
    deadline,
  });
  let arrival: Arrival | undefined;
  try {
    const key = makeKey(options.att);
    const round: Round = {
      purpose: 'identity',
      nonce: commitment(key.encoded),
      ...(maxAge === undefined ? {} : { maxAge }),
    };
    const outcome = await authorize(provider, settings, courier, round);
    arrival = outcome.arrival;
    if (!outcome.ok) throw outcome.error;
    const bound = await bindIdentity({ provider, settings, clock, key, tokens: outcome.tokens });
    const wanted = options.att === undefined ? settings.targetClientId : undefined;
    const target =
      wanted === undefined ? undefined : await authorizeTarget(options, wanted, courier, outcome);
    arrival = target?.arrival ?? arrival;
    const signedIn: SignedIn = {
      ...bound,
      ...(target?.tokens ? { target: target.tokens } : {}),
      notices: [...bound.notices, ...(target?.notice ? [target.notice] : [])],
    };
    arrival.answer(welcome(signedIn));
    return signedIn;
  } catch (error) {
    const reason =
      error instanceof BrokerError
        ? String(error.details['reason'] ?? error.message)
        : 'something went wrong';
    const text = `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}. Go back to your terminal.`;
    arrival?.answer({ tone: 'bad', title: 'Sign-in failed', text });
    throw error;
  } finally {
    courier.close();
  }
}

async function signInByDevice(options: SignInOptions): Promise<SignedIn> {
  const { settings, clock, signal } = options;
  const provider = await discover({ issuer: settings.issuer, clientId: settings.clientId, clock, signal });
  const key = makeKey(options.att);
  const tokens = await askByDevice(provider, {
    parameters: requestParameters({
      issuer: provider.issuer,
      scopes: settings.scopes,
      nonce: commitment(key.encoded),
    }),
    show: (prompt) => options.show(prompt),
    clock,
    signal,
  });
  return bindIdentity({ provider, settings, clock, key, tokens });
}

/** Signs a person in. Raises sign-in-failed, provider-unreachable, port-taken, interrupted. */
export function signIn(options: SignInOptions): Promise<SignedIn> {
  return options.mode === 'device' ? signInByDevice(options) : signInByBrowser(options, options.mode);
}
