// Seals what earlier agents left in the spool. Must never remove a recording that no statement holds.
import type { Head } from './chain.ts';
import type { Recovery, SealOutcome, SessionEnd } from './evidence.ts';
import { hasRecording, readSpooled, removeFolder, spooledFolders } from './spool.ts';

/** What of a ledger recovery works with. */
export interface LeftOverPorts {
  head(): Head | undefined;
  /** The session's folder is gone. */
  removed(session: string): void;
  /** Somebody else writes it or seals it. */
  taken(session: string): boolean;
  seal(folder: string, end: SessionEnd): Promise<SealOutcome>;
}

export async function sealLeftOver(root: string, ports: LeftOverPorts): Promise<Recovery> {
  const sealed: string[] = [];
  const waiting: string[] = [];
  const failed: { folder: string; reason: string }[] = [];
  const folders = await spooledFolders(root);
  for (const session of ports.head()?.unremoved ?? []) if (!folders.has(session)) ports.removed(session);
  for (const [session, folder] of folders) {
    if (ports.taken(session)) continue;
    try {
      const outcome = await sealOne(session, folder, ports);
      if (outcome === 'sealed') sealed.push(session);
      if (outcome === 'waiting') waiting.push(session);
    } catch (error) {
      failed.push({ folder, reason: (error as Error).message });
    }
  }
  return { sealed, waiting, failed };
}

async function sealOne(
  session: string,
  folder: string,
  ports: LeftOverPorts,
): Promise<'sealed' | 'waiting' | 'removed'> {
  const spooled = await readSpooled(folder);
  const head = ports.head();
  // Without session.json `open` never returned, so not a byte of the target was proxied. The same is true of a session
  // that is not in the chain and recorded nothing.
  const unopened = head && spooled && head.writer === spooled.writer && !head.open.includes(session);
  if (!spooled || head?.unremoved.includes(session) || (unopened && !(await hasRecording(folder)))) {
    await removeFolder(folder);
    ports.removed(session);
    return 'removed';
  }
  return (await ports.seal(folder, { end: 'interrupted' })).kind;
}
