// Says in the store that a request of a dead agent is over, so that nobody answers it in vain. Must never end one that is still in use.

import type { Note, Notes } from './notes.ts';
import type { ApprovalPorts } from './ports.ts';
import { prepareSigning, putOnce } from './signing.ts';

/** Only its own person can sign that; for anybody else the note waits. */
export async function endLeftOver(ports: ApprovalPorts, notes: Notes, note: Note): Promise<void> {
  const { id, day, request: digest, store: address, requester } = note;
  const signIn = await ports.signIn();
  const { iss, sub } = signIn.signer.identity;
  if (iss !== requester.iss || sub !== requester.sub) return;
  const { buildConsumed } = await import('../../flow/escalate/index.ts');
  const signing = await prepareSigning(ports, address, signIn);
  const place = { day, id, digest };
  // Where `consumed` stands already, nothing is left to say.
  await putOnce(
    await ports.store(address),
    buildConsumed(signing, { request: place, decisions: [], outcome: 'withdrawn' }),
  );
  await notes.forget(id);
}
