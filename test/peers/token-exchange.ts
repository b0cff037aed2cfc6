// RFC 8693 for the test provider: swaps an access token of a client for one that another audience accepts.
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import type { Provider } from 'oidc-provider';

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export type Jwk = Readonly<Record<string, unknown>>;

async function subjectOf(provider: Provider, keys: Jwk[], token: string): Promise<string | undefined> {
  const opaque = await provider.AccessToken.find(token);
  if (opaque) return opaque.isValid ? opaque.accountId : undefined;
  const known = createLocalJWKSet({
    keys: keys.map(({ kty, n, e, kid, alg }) => ({ kty, n, e, kid, alg })) as JWK[],
  });
  const verified = await jwtVerify(token, known, { issuer: provider.issuer }).catch(() => undefined);
  return verified?.payload.sub;
}

export function addTokenExchange(provider: Provider, usual: string, keys: () => Jwk[]): void {
  provider.registerGrantType(
    EXCHANGE,
    async (ctx) => {
      const { subject_token: value, audience } = ctx.oidc.params ?? {};
      const accountId = await subjectOf(provider, keys(), String(value));
      const { client } = ctx.oidc;
      if (accountId === undefined || !client) {
        ctx.status = 400;
        ctx.body = { error: 'invalid_grant', error_description: 'subject_token is not valid' };
        return;
      }
      const token = new provider.AccessToken({
        accountId,
        client,
        grantId: '',
        gty: 'token_exchange',
      } as never);
      token.resourceServer = new provider.ResourceServer(String(audience ?? usual), {
        scope: 'connect',
        audience: String(audience ?? usual),
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      });
      token.scope = 'connect';
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: token.expiration,
      };
    },
    ['subject_token', 'subject_token_type', 'audience', 'resource', 'requested_token_type', 'scope'],
    [],
  );
}
