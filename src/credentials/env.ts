// User and password from environment variables, for CI jobs and containers. Reads only the variables it is told.
import type { CredentialSource } from '../model/credential.ts';
import { checkSettings, credentialFailed, isText, isVariable, textOf } from './settings.ts';

export const env: CredentialSource = {
  id: 'env',
  check: (settings) => {
    const problems = checkSettings(settings, {
      user: { rule: isText },
      userVariable: { rule: isVariable },
      passwordVariable: { required: true, rule: isVariable },
    });
    if ((settings['user'] === undefined) === (settings['userVariable'] === undefined))
      problems.push({ setting: 'user', reason: 'give either user or userVariable' });
    return problems;
  },
  obtain: async ({ connection, environment }) => {
    const { name, credential } = connection;
    const read = (setting: string): string => {
      const variable = textOf(credential, setting) ?? '';
      const value = environment[variable];
      if (value) return value;
      throw credentialFailed(
        name,
        `the variable ${variable} is not set`,
        `export ${variable}, then try again`,
      );
    };
    return {
      credential: {
        user: textOf(credential, 'user') ?? read('userVariable'),
        secret: { kind: 'password', password: read('passwordVariable') },
        label: 'static',
      },
      release: async () => {},
    };
  },
};
