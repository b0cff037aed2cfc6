// The device grant (RFC 8628): the person enters a code on another device. Most providers drop the nonce on this way.
import type { Clock } from '../lib/clock.ts';
import { BrokerError } from '../model/errors.ts';
import type { SignInPrompt } from './courier.ts';
import { isSafeUrl, type Provider, signInFailed, type TokenResponse, translate } from './provider.ts';

export interface DeviceQuestion {
  readonly parameters: Readonly<Record<string, string>>;
  show(prompt: SignInPrompt): void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export async function askByDevice(provider: Provider, question: DeviceQuestion): Promise<TokenResponse> {
  const { oidc, config, metadata, issuer } = provider;
  if (metadata.device_authorization_endpoint === undefined)
    throw signInFailed('the identity provider has no device sign-in', 'run `broker login --no-browser`');
  try {
    const answer = await oidc.initiateDeviceAuthorization(config, question.parameters);
    if (!isSafeUrl(answer.verification_uri))
      throw signInFailed(
        'the provider names an unsafe address to enter the code at',
        'run `broker login --no-browser`',
      );
    const complete = answer.verification_uri_complete;
    question.show({
      kind: 'device',
      url: answer.verification_uri,
      ...(complete !== undefined && isSafeUrl(complete) ? { completeUrl: complete } : {}),
      code: answer.user_code,
      expires: question.clock.now() + answer.expires_in * 1000,
    });
    return await oidc.pollDeviceAuthorizationGrant(config, answer, undefined, { signal: question.signal });
  } catch (error) {
    if (question.signal.aborted) throw new BrokerError('interrupted');
    throw translate(error, issuer, provider.skew());
  }
}
