// From a closed session's spool folder to what its `session` statement says. Must never touch the folder itself.
import { randomBytes } from 'node:crypto';
import { type SealedContent, sealContent } from '../flow/seal/index.ts';
import type { PartRef } from '../model/evidence.ts';
import type { Body } from './append.ts';
import type { SessionEnd } from './evidence.ts';
import { keepProgress, progressOf } from './parts.ts';
import type { SpooledSession } from './spool.ts';

function bodyOf(
  spooled: SpooledSession,
  end: SessionEnd,
  content: SealedContent,
  { now, parts }: Pick<SealPlace, 'now' | 'parts'>,
): Body {
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
    ...(parts.length > 0 ? { parts } : {}),
    decisions: content.tally.decisions,
    masking: content.tally.masking,
    ...(approvals.kind === 'named' ? { approvals: approvals.approvals } : {}),
    ...(content.damage.length > 0 ? { detail: { damage: content.damage } } : {}),
  };
}

export interface SealPlace {
  readonly folder: string;
  readonly blobs: string;
  readonly now: string;
  /** Those of this session that stand in the chain. */
  readonly parts: readonly PartRef[];
}

/** Writes the session's blobs into `blobs` and returns what to sign. */
export async function sealFolder(spooled: SpooledSession, end: SessionEnd, place: SealPlace): Promise<Body> {
  const progress = await progressOf(place.folder, place.parts);
  const content = await sealContent({
    folder: place.folder,
    session: spooled.session.id,
    blobs: place.blobs,
    salt: randomBytes(32).toString('hex'),
    ...(progress ? { progress } : {}),
  });
  return bodyOf(spooled, end, content, place);
}

/** What is new in the journal of a session that goes on; undefined when there is nothing to sign. */
export async function sealPart(
  spooled: SpooledSession,
  { folder, blobs, parts }: Omit<SealPlace, 'now'>,
): Promise<Body | undefined> {
  const progress = await progressOf(folder, parts);
  const content = await sealContent({
    folder,
    session: spooled.session.id,
    blobs,
    salt: randomBytes(32).toString('hex'),
    part: true,
    ...(progress ? { progress } : {}),
  });
  if (content.events.count === 0) return undefined;
  await keepProgress(folder, parts.length, content.progress);
  const { session, actor, policy } = spooled;
  const damaged = content.damage.length > (progress?.damage.length ?? 0);
  return {
    session,
    actor,
    policy,
    subjects: [...spooled.subjects, ...content.subjects],
    events: content.events,
    ...(damaged ? { detail: { damage: content.damage.slice(progress?.damage.length ?? 0) } } : {}),
  };
}
