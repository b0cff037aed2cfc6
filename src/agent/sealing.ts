// From a closed session's spool folder to what its `session` statement says. Must never touch the folder itself.
import { randomBytes } from 'node:crypto';
import { type SealedContent, sealContent } from '../flow/seal/index.ts';
import type { Body } from './append.ts';
import type { SessionEnd } from './evidence.ts';
import type { SpooledSession } from './spool.ts';

function bodyOf(spooled: SpooledSession, end: SessionEnd, content: SealedContent, now: string): Body {
  const { approvals } = content.tally;
  const closed = end.closed ?? (end.end === 'interrupted' ? (content.last ?? now) : now);
  return {
    session: {
      ...spooled.session,
      closed,
      end: end.end,
      ...(end.exit === undefined ? {} : { exit: end.exit }),
      counts: content.tally.counts,
    },
    actor: spooled.actor,
    policy: spooled.policy,
    subjects: [...spooled.subjects, ...content.subjects],
    events: content.events,
    decisions: content.tally.decisions,
    masking: content.tally.masking,
    ...(approvals.kind === 'named' ? { approvals: approvals.approvals } : {}),
    ...(content.damage.length > 0 ? { detail: { damage: content.damage } } : {}),
  };
}

/** Writes the session's blobs into `blobs` and returns what to sign. */
export async function sealFolder(
  spooled: SpooledSession,
  end: SessionEnd,
  place: { readonly folder: string; readonly blobs: string; readonly now: string },
): Promise<Body> {
  const salt = randomBytes(32).toString('hex');
  const content = await sealContent({
    folder: place.folder,
    session: spooled.session.id,
    blobs: place.blobs,
    salt,
  });
  return bodyOf(spooled, end, content, place.now);
}
