// Who acts in a session: the person who is signed in, or a bot on that person's behalf. Must never give a bot its owner's groups.
import { BrokerError } from '../model/errors.ts';
import type { ModelClaim, Principal } from '../model/principal.ts';
import type { SessionStart } from './ports.ts';

const NAME = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const MAX_TEXT = 200;
const MAX_MODELS = 8;

function claimed(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined;
}

function modelsOf(models: unknown): ModelClaim[] {
  const given = (Array.isArray(models) ? models : []) as readonly Partial<ModelClaim>[];
  return given.slice(0, MAX_MODELS).flatMap((each) => {
    const [model, source] = [claimed(each?.model), claimed(each?.source)];
    return model === undefined || source === undefined ? [] : [{ model, source }];
  });
}

/** A bot is `<name>@<connection>`, in the groups that the configuration gives to its name. Throws `usage` for a name that is none. */
export function principalOf({
  request,
  setting,
  person,
}: Pick<SessionStart, 'request' | 'setting' | 'person'>): Principal {
  const { bot, connection } = request;
  if (!bot) return { kind: 'user', user: person.user };
  const name = claimed(bot.name) ?? '';
  if (!NAME.test(name))
    throw new BrokerError('usage', {
      reason: `${JSON.stringify(name.slice(0, 80))} is no name for a bot`,
      command: request.client,
    });
  const [client, version] = [claimed(bot.client), claimed(bot.version)];
  return {
    kind: 'bot',
    bot: {
      id: `${name}@${connection}`,
      groups: setting.config.bots.get(name)?.groups ?? [],
      ...(client === undefined ? {} : { client }),
      ...(version === undefined ? {} : { version }),
      models: modelsOf(bot.models),
    },
    onBehalfOf: person.user,
  };
}
