// Entry of the worker process: one session, ordered about by the agent over IPC. Holds no key and no long-lived token.
import { warmUp } from '../../flow/admission.ts';
import { systemClock } from '../../lib/clock.ts';
import { BrokerError } from '../../model/errors.ts';
import type { FromWorker, ToWorker } from '../../model/session.ts';
import { WorkerSession } from './session.ts';

let session: WorkerSession | undefined;
let ended = false;

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

function described(error: unknown): ReturnType<BrokerError['toJSON']> {
  const known =
    error instanceof BrokerError
      ? error
      : new BrokerError('bug', { reason: error instanceof Error ? error.message : String(error) });
  return known.toJSON();
}

/** Says why once, closes everything, and lets the process run out. */
async function end(reason: string): Promise<void> {
  if (ended) return;
  ended = true;
  try {
    await session?.close(reason);
  } catch (error) {
    reason = described(error).message;
  }
  tell({ type: 'ended', reason });
  if (process.connected) process.disconnect();
}

const ports = {
  clock: systemClock,
  failed: (error: Error) => void end(error.message),
  activity: (statements: number, conversations: number) =>
    tell({ type: 'activity', statements, conversations }),
  tell,
};

async function obey(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'open': {
      session = await WorkerSession.admit(message.order, ports);
      const { policies, policyDigest } = session.decision;
      const standing = session.byWindow ? ({ byWindow: true } as const) : {};
      return tell({ type: 'admitted', policies, policyDigest, ...standing });
    }
    case 'credential':
      if (session) tell(await session.serve(message.credential));
      return;
    case 'serve':
      return;
    case 'policy':
      return session?.policy(message.policy);
    case 'grants':
      return session?.grants(message.grants);
    case 'close':
      return end(message.reason);
    default:
      return session?.hear(message);
  }
}

process.on('message', (message) => {
  obey(message as ToWorker).catch((error: unknown) => {
    tell({ type: 'refused', error: described(error) });
    void end('refused');
  });
});
// The agent is gone: nothing runs without a recorder.
process.on('disconnect', () => void end('the agent stopped'));
// Signals of the terminal are meant for the front; the agent decides when a worker ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void end('terminated'));

await warmUp();
tell({ type: 'warm' });
