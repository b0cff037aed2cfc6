// Puts a request of ours into the store. Must never return before it stands there, nor leave one behind that no note remembers.
import type { RequestFile } from '../../flow/escalate/index.ts';
import type { ApprovedThing, Asked } from '../../model/approval.ts';
import { BrokerError } from '../../model/errors.ts';
import type { EpochSignIn } from '../evidence.ts';
import { sessionId } from '../id.ts';
import type { Note, Notes } from './notes.ts';
import type { Address, ApprovalPorts } from './ports.ts';
import { inTime, prepareSigning, putOnce } from './signing.ts';

export interface Draft {
  readonly asked: Omit<Asked, 'exact'>;
  readonly thing: ApprovedThing;
  /** As shown; who it is stands in `thing`. */
  readonly requester: { readonly name?: string; readonly email?: string };
  readonly window?: Note['window'];
}

export async function putRequest(
  ports: ApprovalPorts,
  notes: Notes,
  address: Address,
  { asked, thing, requester, window }: Draft,
): Promise<{ readonly file: RequestFile; readonly signIn: EpochSignIn }> {
  const { buildRequest } = await import('../../flow/escalate/index.ts');
  const signIn = await ports.signIn();
  return inTime(address, async () => {
    const signing = await prepareSigning(ports, address, signIn);
    const id = sessionId(ports.clock.now());
    const { iss, sub } = signIn.signer.identity;
    const who = { ...thing.requester, ...requester };
    const file = buildRequest(signing, { id, requester: who, asked, thing });
    const { url, unsafe } = address;
    const place = { id, day: file.day, request: file.digest, store: { url, unsafe } };
    await notes.write({ ...place, requester: { iss, sub }, ...(window ? { window } : {}) });
    if ((await putOnce(await ports.store(address), file)) === 'ours') return { file, signIn };
    const reason = 'the store has another request here';
    throw new BrokerError('not-verified', { what: file.key, reason });
  });
}
