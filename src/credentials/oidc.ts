// The person's own token for targets, as password or as OAUTHBEARER. Never the evidence token.
import type { CredentialSource } from '../model/credential.ts';
import type { User } from '../model/principal.ts';
import { checkSettings, credentialFailed, isText, oneOf, textOf } from './settings.ts';

const CLAIMS: Readonly<Record<string, (user: User) => string | undefined>> = {
  email: (user) => user.email,
  /** What stands before the @ of a verified e-mail. */
  mailbox: (user) => user.email?.slice(0, user.email.lastIndexOf('@')),
  sub: (user) => user.sub,
  name: (user) => user.name,
};

export const oidc: CredentialSource = {
  id: 'oidc',
  check: (settings) =>
    checkSettings(settings, {
      user: { rule: isText },
      userClaim: { rule: oneOf(...Object.keys(CLAIMS)) },
      mode: { rule: oneOf('password', 'oauthbearer') },
      token: { rule: oneOf('access', 'id') },
      audience: { rule: isText },
    }),
  obtain: async (context) => {
    const { name, credential } = context.connection;
    const claim = textOf(credential, 'userClaim') ?? 'email';
    const user = textOf(credential, 'user') ?? CLAIMS[claim]?.(context.user);
    if (!user)
      throw credentialFailed(
        name,
        `your sign-in has no ${claim} to use as the user`,
        'set credential.user, or credential.user_claim to a claim the provider gives (sub always is)',
      );
    const kind = credential['token'] === 'id' ? 'id' : 'access';
    const { token, expires } = await context.targetToken(textOf(credential, 'audience'), kind);
    return {
      credential: {
        user,
        secret:
          credential['mode'] === 'oauthbearer'
            ? { kind: 'bearer', token }
            : { kind: 'password', password: token },
        expires,
        label: 'short-lived',
      },
      release: async () => {},
    };
  },
};
