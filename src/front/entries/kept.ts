// Text of a file kept without its secrets, and given them back. Pure; what is kept must never hold the secret it was made from.
import { BrokerError } from '../../model/errors.ts';
import { reference } from './findings.ts';
import type { Kept } from './record.ts';

export interface Taken {
  readonly name: string;
  readonly value: string;
}

const escaped = (value: string) => JSON.stringify(value).slice(1, -1);

/** `slice` with references where `taken` stood. Throws `host-entry-unusable` when one is written so that it cannot be found. */
export function kept(slice: string, taken: readonly Taken[], where: { server: string; file: string }): Kept {
  const secrets: Record<string, 'plain' | 'escaped'> = {};
  let text = slice;
  for (const { name, value } of taken) {
    const how = text.includes(value) ? 'plain' : 'escaped';
    const written = how === 'plain' ? value : escaped(value);
    const at = text.lastIndexOf(written);
    if (at < 0) {
      const reason = 'a secret in it is written with unusual escapes';
      throw new BrokerError('host-entry-unusable', {
        ...where,
        reason,
        mend: 'write it as a plain string, then try again',
      });
    }
    text = text.slice(0, at) + reference(name) + text.slice(at + written.length);
    secrets[name] = how;
  }
  return { text, secrets };
}

/** Undefined when a secret is gone. */
export function restored({ text, secrets }: Kept, values: ReadonlyMap<string, string>): string | undefined {
  let whole = text;
  for (const [name, how] of Object.entries(secrets)) {
    const value = values.get(name);
    if (value === undefined) return undefined;
    const written = how === 'plain' ? value : escaped(value);
    const at = whole.indexOf(reference(name));
    whole = whole.slice(0, at) + written + whole.slice(at + reference(name).length);
  }
  return whole;
}
