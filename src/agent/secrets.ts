// The secrets a person keeps for the keychain credential source. Must never list a value, only names.
import { BrokerError } from '../model/errors.ts';
import type { Secrets } from './agent.ts';

/** What of a keychain is needed here. */
export interface SecretKeeper {
  readonly kind: string;
  get(name: string): Promise<string | undefined>;
  set(name: string, secret: string): Promise<void>;
  delete(name: string): Promise<boolean>;
}

const NAMES = 'secret-names';
/** What was moved out of the configuration of an MCP host; its server is given it back. Passwords of targets are never told. */
const LENT = 'mcp/';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}$/;

/** The keychain's own name of a secret, apart from what the agent keeps for itself. */
export function secretEntry(name: string): string {
  return `secret/${name}`;
}

function checkName(name: string): void {
  if (!NAME.test(name))
    throw new BrokerError('usage', {
      reason: 'a secret is named with letters, digits and . _ / @ -',
      command: 'secrets set',
    });
}

/** The list of names is read and written back: of two changes at once one would be lost. */
const turns = new WeakMap<SecretKeeper, Promise<unknown>>();

/** A system keychain cannot be listed portably, so the names are an entry of their own. */
export function openSecrets(keeper: SecretKeeper): Secrets {
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(keeper) ?? Promise.resolve()).then(change);
    turns.set(
      keeper,
      mine.catch(() => undefined),
    );
    return mine;
  };
  const names = async (): Promise<string[]> => {
    const text = await keeper.get(NAMES);
    return text === undefined ? [] : (JSON.parse(text) as string[]);
  };
  return {
    kind: keeper.kind,
    names,
    set: async (name, value) => {
      checkName(name);
      await inTurn(async () => {
        await keeper.set(secretEntry(name), value);
        await keeper.set(NAMES, JSON.stringify([...new Set([...(await names()), name])].sort()));
      });
    },
    lend: async (name) => {
      checkName(name);
      return name.startsWith(LENT) ? keeper.get(secretEntry(name)) : undefined;
    },
    delete: async (name) => {
      checkName(name);
      return inTurn(async () => {
        const deleted = await keeper.delete(secretEntry(name));
        await keeper.set(NAMES, JSON.stringify((await names()).filter((each) => each !== name)));
        return deleted;
      });
    },
  };
}
