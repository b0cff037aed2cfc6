// A loopback port that is there before its session: the first client that knocks opens it. Must never answer for the session's secret.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { BrokerError } from '../../model/errors.ts';
import type { Endpoint } from '../../model/session.ts';

/** Clients that may wait for the session to open. */
const MOST_WAITING = 64;

/** PostgreSQL's ErrorResponse: a client may be told so before it has said anything. */
function fatal(error: BrokerError): Buffer {
  const fields = {
    S: 'FATAL',
    V: 'FATAL',
    C: error.row.sqlstate ?? '08006',
    M: error.message,
    H: error.hint,
  };
  const body = Object.entries(fields).map(([code, text]) => `${code}${text.replaceAll('\0', '')}\0`);
  const bytes = Buffer.from(`${body.join('')}\0`);
  const head = Buffer.alloc(5);
  head.write('E', 'latin1');
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

function join(client: Socket, endpoint: Endpoint): void {
  const session = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  client.setNoDelay(true);
  session.on('error', () => client.destroy());
  client.on('error', () => session.destroy());
  session.on('close', () => client.destroy());
  client.on('close', () => session.destroy());
  client.pipe(session).pipe(client);
}

export class DoorListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open: () => Promise<Endpoint>;
  #waiting = 0;
  port = 0;

  private constructor(open: () => Promise<Endpoint>) {
    this.#open = open;
    this.#server = createServer({ pauseOnConnect: true }, (client) => void this.#knock(client));
  }

  /** Listens on a port that the system picks. `open` resolves to where the session is. */
  static listen(open: () => Promise<Endpoint>): Promise<DoorListener> {
    const door = new DoorListener(open);
    return new Promise((resolve, reject) => {
      door.#server.once('error', reject);
      door.#server.listen({ host: '127.0.0.1', port: 0 }, () => {
        const address = door.#server.address();
        door.port = typeof address === 'object' && address ? address.port : 0;
        resolve(door);
      });
    });
  }

  async #knock(client: Socket): Promise<void> {
    this.#sockets.add(client);
    client.once('close', () => this.#sockets.delete(client));
    client.on('error', () => client.destroy());
    if (this.#waiting >= MOST_WAITING) {
      client.destroy();
      return;
    }
    this.#waiting += 1;
    try {
      const endpoint = await this.#open();
      if (!client.destroyed) join(client, endpoint);
    } catch (error) {
      const failure =
        error instanceof BrokerError ? error : new BrokerError('bug', { reason: String(error) });
      client.end(fatal(failure));
    } finally {
      this.#waiting -= 1;
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
