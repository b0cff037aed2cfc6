// What the board is made of: the agent's stream, the sign-in, the bell. Draws nothing.

import type { SignInPrompt } from '../../agent/messages.ts';
import { sendAnswer } from '../../front/answer.ts';
import { followApprovals } from '../../front/approvals.ts';
import { openAgent } from '../../front/compose.ts';
import { openBrowser } from '../../identity/browser.ts';
import { BrokerError } from '../../model/errors.ts';
import type { ApprovalsBoardProps } from '../../screens/approvals/hooks.ts';
import type { CommandContext } from '../command.ts';
import { connectionOf, sinceOf } from './list.ts';

const DONE = { approve: 'approved', deny: 'denied', revoke: 'revoked' } as const;

/** The prompt as the board shows it: with the page open already, where there is a browser to open it in. */
async function opened(prompt: SignInPrompt, context: CommandContext): Promise<SignInPrompt> {
  if (prompt.kind !== 'browser') return prompt;
  return { ...prompt, opened: await openBrowser(prompt.url, context.environment) };
}

async function personOf(context: CommandContext): Promise<{ person?: string }> {
  const signIn = await (await openAgent(context)).whoami();
  if (signIn.state === 'signed-out') throw new BrokerError('not-signed-in');
  return { person: signIn.user.email ?? signIn.user.sub };
}

export async function boardProps(
  context: CommandContext,
): Promise<ApprovalsBoardProps & { readonly signal: AbortSignal }> {
  const { options, stdout, clock, fancy, signal } = context;
  const { browser, device, bell } = options;
  const mode = device === true ? 'device' : browser === false ? 'paste' : 'browser';
  const filter = { all: true, ...connectionOf(context), ...sinceOf(context, 'approvals watch') };
  return {
    ...(await personOf(context)),
    signal,
    colour: fancy,
    now: () => clock.now(),
    ring: () => void (bell === false || stdout.write('\u0007')),
    follow: (stop) => followApprovals(context, filter, stop),
    answer: async ({ id, digest, answer, reason, strength }, talk) => {
      const show = async (prompt: SignInPrompt) => talk.show(await opened(prompt, context));
      const agent = await openAgent({ ...context, signal: talk.signal });
      const order = {
        id,
        digest,
        answer,
        strength,
        mode,
        ...(reason === undefined ? {} : { reason }),
      } as const;
      const { key } = await sendAnswer(agent, context, order, { ...talk, show });
      return `${DONE[answer]} request ${id}, signed as ${key}`;
    },
  };
}
