// Secrets that `broker mcp install` moved into the keychain, for the server alone. Must never ask for one that is not named.
import type { AgentClient } from '../../agent/client.ts';
import { BrokerError } from '../../model/errors.ts';

const REFERENCE = /\{\{keychain:([A-Za-z0-9][A-Za-z0-9._/@-]{0,127})\}\}/g;

export type Lent = (text: string) => string;

/** Nothing is asked of the agent where no text names a secret. Throws `credential-failed`. */
export async function lentSecrets(
  texts: readonly string[],
  connection: string,
  agent: () => Promise<AgentClient>,
): Promise<Lent> {
  const names = new Set(texts.flatMap((text) => [...text.matchAll(REFERENCE)].map(([, name = '']) => name)));
  if (names.size === 0) return (text) => text;
  const client = await agent();
  const values = new Map<string, string>();
  for (const name of names) {
    const value = await client.lendSecret(name);
    if (value === undefined)
      throw new BrokerError('credential-failed', {
        connection,
        reason: `the keychain has no secret for MCP servers named ${name}`,
        mend: `keep it there with \`broker secrets set ${name}\``,
      });
    values.set(name, value);
  }
  // Not by replace's own patterns: a secret may hold `$&`.
  return (text) => text.replace(REFERENCE, (whole, name: string) => values.get(name) ?? whole);
}

export function withLent(env: Readonly<Record<string, string>>, lent: Lent): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, lent(value)]));
}
