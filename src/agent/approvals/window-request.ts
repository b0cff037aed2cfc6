// What a request for a window says: which policies ask, for how long, and why. Must never show a reason that was not masked.
import { randomBytes } from 'node:crypto';
import { sha256 } from '../../lib/digest.ts';
import type { ActionUse } from '../../model/action.ts';
import type { Connection } from '../../model/connection.ts';
import type { AskTerms, Decision } from '../../model/decision.ts';
import { BrokerError } from '../../model/errors.ts';
import type { User } from '../../model/principal.ts';
import type { Setting } from '../ports.ts';
import type { Draft } from './put.ts';

/** Seconds: a window is for work at hand. */
const LONGEST = 24 * 3600;

export interface WindowWish {
  readonly connection: Connection;
  readonly user: User;
  readonly setting: Setting;
  readonly duration: number;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

async function decideOpen({ connection, user, setting, reason, now }: WindowWish): Promise<Decision> {
  const { decide, loadPolicies } = await import('../../flow/decide/index.ts');
  const use: ActionUse = { action: 'session:open', resource: { type: 'Connection', id: connection.name } };
  const context = { client: 'connect', reason, time: now };
  const set = await loadPolicies(setting.policy);
  return decide(set, { principal: { kind: 'user', user }, connection, actions: [use], context });
}

/** The terms that policy puts on opening sessions. Throws `policy-denied`, or `usage` where no window is needed. */
async function termsOf(wish: WindowWish): Promise<{ decision: Decision; ask: AskTerms }> {
  const decision = await decideOpen(wish);
  const connection = wish.connection.name;
  if (decision.outcome === 'ask' && decision.ask) return { decision, ask: decision.ask };
  if (decision.outcome === 'allow') {
    const hint = `open one with \`broker connect ${connection}\``;
    const reason = `${connection} needs no window: policy lets you open sessions`;
    throw new BrokerError('usage', { reason, command: 'request' }, { hint });
  }
  const policy = decision.policies.join(', ') || 'default deny';
  throw new BrokerError('policy-denied', { connection, what: 'a window', policy });
}

async function masked(text: string): Promise<string> {
  const { createScanner } = await import('../../detectors/index.ts');
  let shown = '';
  let at = 0;
  for (const { start, end, type } of createScanner().scan(text)) {
    shown += `${text.slice(at, start)}[${type}]`;
    at = end;
  }
  return (shown + text.slice(at)).toWellFormed();
}

function spoken(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

export async function draftWindow(
  wish: WindowWish,
  expires: (seconds: number) => string,
): Promise<Draft & { readonly quorum: number }> {
  const { connection, user, duration } = wish;
  const { name } = connection;
  if (duration > LONGEST)
    throw new BrokerError('usage', { reason: 'a window lasts at most 24h', command: 'request' });
  const { decision, ask } = await termsOf(wish);
  const { policies, policyDigest } = decision;
  const title = `open sessions on ${name} for ${spoken(duration)}`;
  const reason = (await masked(wish.reason)).trim() || ask.reason;
  return {
    quorum: ask.quorum,
    asked: {
      purpose: 'window',
      connection: name,
      text: title,
      titles: [title],
      actions: [{ action: 'session:open', resource: { type: 'Connection', id: name } }],
      tables: [],
      client: 'request',
      policies,
      policyDigest,
      reason,
      quorum: ask.quorum,
      strength: ask.strength,
      duration,
    },
    thing: {
      purpose: 'window',
      connection: name,
      session: '',
      requester: { iss: user.iss, sub: user.sub },
      statement: sha256(title),
      parameters: [],
      policyDigest,
      policies,
      expires: expires(ask.expires),
      nonce: randomBytes(32).toString('hex'),
    },
    requester: {
      ...(user.name === undefined ? {} : { name: user.name }),
      ...(user.email === undefined ? {} : { email: user.email }),
    },
  };
}
