// The provider's keys as it publishes them right now, for judging somebody else's sign-in. Must never answer from memory.
import { discover, type ProviderOptions, readKeys } from './provider.ts';

/** Fetches metadata and key set anew. Raises provider-unreachable, interrupted. */
export async function currentKeys(
  options: ProviderOptions,
): Promise<{ readonly keys: readonly { readonly kty?: string }[] }> {
  const provider = await discover(options);
  const { text } = await provider.sightJwks();
  return readKeys(text, provider.issuer);
}
