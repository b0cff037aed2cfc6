// Run as a process of its own by kill.test.ts and killed at any moment: recovers, then opens, records and seals for ever.
import { readFileSync, writeSync } from 'node:fs';
import { openRecorder } from '../../src/flow/record/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { install, openOrder, origin, recordStatement } from '../fakes/installation.ts';
import { fakeProvider } from '../fakes/sign-in.ts';

const [folder = '', store = '', pem = '', round = ''] = process.argv.slice(2);
/** What was acknowledged, in one write: it is out before anything else happens. */
const say = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);

const provider = fakeProvider('https://login.example.test', readFileSync(pem, 'utf8'));
const at = await install(folder, store, systemClock);
const now = systemClock.now();
await at.ledger.epoch(await provider.signIn('alice', { iat: now - 1000, exp: now + 3_600_000 }));
const { failed } = await at.ledger.recover(at.spool, new Set());
if (failed.length > 0) say('failed', JSON.stringify(failed));
at.outbox.start();

async function session(id: string): Promise<void> {
  const order = openOrder(at, id);
  await at.ledger.open(order);
  say('opened', id);
  const recorder = openRecorder({ folder: order.folder, origin: origin(id), clock: systemClock });
  for (let number = 1; number <= 5; number++) {
    recordStatement(recorder, number, 'deny');
    recorder.flush();
    say('recorded', id, number);
  }
  await recorder.close();
  await at.ledger.sealSession(order.folder, { end: 'closed' });
  say('sealed', id);
}

for (let number = 0; ; number++)
  await Promise.all([session(`r${round}a${number}`), session(`r${round}b${number}`)]);
