// A fixed user and password; the password lives in the person's keychain. The weakest source: evidence labels it static.
import type { CredentialSource } from '../model/credential.ts';
import { checkSettings, credentialFailed, isText, textOf } from './settings.ts';

export const keychain: CredentialSource = {
  id: 'keychain',
  check: (settings) =>
    checkSettings(settings, { user: { required: true, rule: isText }, secret: { rule: isText } }),
  obtain: async (context) => {
    const { name, credential } = context.connection;
    const secret = textOf(credential, 'secret') ?? name;
    const password = await context.secret(secret);
    if (password === undefined)
      throw credentialFailed(
        name,
        `the keychain has no secret named ${secret}`,
        `keep it there with \`broker secrets set ${secret}\``,
      );
    return {
      credential: {
        user: textOf(credential, 'user') ?? '',
        secret: { kind: 'password', password },
        label: 'static',
      },
      release: async () => {},
    };
  },
};
