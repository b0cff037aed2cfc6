// A person's sign-in at the authorization server of a remote MCP server. The tokens stay in the agent's keychain; the front asks for one
// when a request needs it, so a session is lent nothing here.
import type { CredentialSource } from '../model/credential.ts';
import { checkSettings, isText, isTextList, textOf } from './settings.ts';

export const oauth: CredentialSource = {
  id: 'oauth',
  check: (settings) =>
    checkSettings(settings, {
      clientId: { rule: isText },
      /** Name of the keychain entry, for a client that has a secret. */
      clientSecret: { rule: isText },
      issuer: { rule: isText },
      scopes: { rule: isTextList },
    }),
  obtain: async ({ connection }) => ({
    credential: {
      user: textOf(connection.credential, 'clientId') ?? 'oauth',
      secret: { kind: 'none' },
      label: 'short-lived',
    },
    release: async () => {},
  }),
};
