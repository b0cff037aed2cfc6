// A worker that speaks the agent's messages and runs no protocol. What it does is told by the connection's name.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

let order;
let server;
const tell = (message) => process.connected && process.send(message);
const note = (line) => order && appendFileSync(join(order.spool, 'worker.notes'), `${line}\n`);
const refused = (code, details) =>
  tell({ type: 'refused', error: { code, message: code, hint: '', details } });

/** Replaces what a real worker does at one step, by connection name. */
const ODD = {
  'denied:open': () =>
    refused('policy-denied', { connection: order.connection.name, what: 'session:open', policy: 'nobody' }),
  'dies-at-policy:open': () => process.kill(process.pid, 'SIGKILL'),
  'unreachable:credential': () =>
    refused('target-unreachable', {
      connection: order.connection.name,
      address: 'nowhere',
      reason: 'refused',
    }),
  'dies-at-target:credential': () => process.kill(process.pid, 'SIGKILL'),
  'silent:credential': () => undefined,
  'dies-serving:serve': () => process.kill(process.pid, 'SIGKILL'),
  'fails-serving:serve': () => tell({ type: 'ended', reason: 'the journal is full' }),
  'never-closes:close': () => undefined,
};

const USUAL = {
  open: () => tell({ type: 'admitted', policies: ['open-to-all'], policyDigest: 'd'.repeat(64) }),
  credential: () => {
    server = createServer((socket) => socket.end()).listen(order.port, '127.0.0.1', () => {
      const { port } = server.address();
      const endpoint = {
        host: '127.0.0.1',
        port,
        user: 'app',
        database: 'shop',
        secret: 'the-session-secret',
      };
      tell({ type: 'listening', endpoint, serverVersion: '18.1', fingerprint: 'f'.repeat(64) });
    });
  },
  serve: () => tell({ type: 'activity', statements: 3, conversations: 1 }),
  close: ({ reason }) => {
    server?.close();
    tell({ type: 'ended', reason });
    setInterval(() => undefined, 1000);
  },
  policy: () => undefined,
};

process.on('message', (message) => {
  if (message.type === 'open') order = message.order;
  note(message.type);
  const act = ODD[`${order?.connection.name}:${message.type}`] ?? USUAL[message.type];
  act(message);
});
process.on('disconnect', () => process.exit());
tell({ type: 'warm' });
