// A client that writes what it is told, message by message, and lists what comes back. Signs in with node-postgres.
import type { Socket } from 'node:net';
import pg from 'pg';
import { serialize } from 'pg-protocol';

export interface Raw {
  send(...messages: Buffer[]): void;
  /** Messages as `T body` until `count` ReadyForQuery came. */
  ready(count?: number): Promise<string[]>;
  /** Waits until a message that begins with `start` came; returns everything so far. */
  until(start: string): Promise<string[]>;
  readonly socket: Socket;
  /** Resolves with everything that came before the peer closed. */
  closed(): Promise<string[]>;
  close(): void;
  /** The CancelRequest for this connection. */
  key(): Buffer;
}

/** One byte of body that no terminal shows becomes visible, so that a failed comparison can be read. */
function show(body: Buffer): string {
  return body.toString('latin1').replace(/[^\x20-\x7e]/g, (c) => `\\${c.charCodeAt(0).toString(16)}`);
}

/** RowDescription with the oids of tables made by the test left out: they differ from run to run. */
function showColumns(body: Buffer): string {
  const columns: string[] = [];
  let at = 2;
  while (at < body.length) {
    const end = body.indexOf(0, at);
    const oid = body.readUInt32BE(end + 1);
    const rest = body.subarray(end + 5, end + 19).toString('hex');
    columns.push(`${body.toString('utf8', at, end)}:${oid < 16_384 ? oid : 'own'}:${rest}`);
    at = end + 19;
  }
  return `${body.readInt16BE(0)} ${columns.join(' ')}`;
}

export async function raw(url: string): Promise<Raw> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  const socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
  socket.removeAllListeners('data');
  socket.removeAllListeners('end');
  socket.removeAllListeners('close');
  let bytes = Buffer.alloc(0);
  let messages: string[] = [];
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5) {
      const size = bytes.readInt32BE(1) + 1;
      if (bytes.length < size) break;
      const [type, body] = [String.fromCharCode(bytes[0] ?? 0), bytes.subarray(5, size)];
      messages.push(`${type} ${type === 'T' ? showColumns(body) : show(body)}`.trimEnd());
      bytes = bytes.subarray(size);
    }
    wake();
  });
  const finish = () => {
    ended = true;
    wake();
  };
  socket.on('close', finish);
  socket.on('end', finish);
  const wait = async (done: () => boolean) => {
    const deadline = Date.now() + 30_000;
    while (!done()) {
      if (ended) throw new Error(`closed after ${messages.join(' | ')}`);
      if (Date.now() > deadline) throw new Error(`waited in vain after ${messages.join(' | ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const take = () => {
    const taken = messages;
    messages = [];
    return taken;
  };
  return {
    socket,
    send: (...parts) => socket.write(Buffer.concat(parts)),
    ready: async (count = 1) => {
      await wait(() => messages.filter((line) => line.startsWith('Z')).length >= count);
      return take();
    },
    until: async (start) => {
      await wait(() => messages.some((line) => line.startsWith(start)));
      return take();
    },
    closed: async () => {
      if (!ended) await wait(() => ended).catch(() => {});
      return take();
    },
    close: () => socket.destroy(),
    key: () => {
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      const bytes = Buffer.alloc(16);
      for (const [index, word] of [16, 80_877_102, processID, secretKey].entries())
        bytes.writeInt32BE(word, index * 4);
      return bytes;
    },
  };
}

/** The independent encoder of pg-protocol. */
export const say = {
  query: (text: string) => serialize.query(text),
  parse: (name: string, text: string, types: number[] = []) => serialize.parse({ name, text, types }),
  bind: (portal: string, statement: string, values: (string | null)[] = [], binary = false) =>
    serialize.bind({ portal, statement, values, binary }),
  describe: (type: 'S' | 'P', name: string) => serialize.describe({ type, name }),
  execute: (portal: string, rows = 0) => serialize.execute({ portal, rows }),
  close: (type: 'S' | 'P', name: string) => serialize.close({ type, name }),
  sync: () => serialize.sync(),
  flush: () => serialize.flush(),
  end: () => serialize.end(),
  copyData: (text: string | Buffer) => serialize.copyData(Buffer.from(text)),
  copyDone: () => serialize.copyDone(),
  copyFail: (text: string) => serialize.copyFail(text),
  /** Fast path call of a function with four-byte arguments or bytes, answered in binary. */
  call: (oid: number, ...args: readonly (number | Buffer)[]) => {
    const word = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      return bytes;
    };
    const values = args.map((arg) => (typeof arg === 'number' ? word(arg) : arg));
    const body = Buffer.concat([
      word(oid),
      Buffer.from([0, 1, 0, 1, 0, values.length]),
      ...values.flatMap((value) => [word(value.length), value]),
      Buffer.from([0, 1]),
    ]);
    return Buffer.concat([Buffer.from('F'), word(body.length + 4), body]);
  },
};

/** An error's fields by code. */
export function errorOf(messages: readonly string[]): Map<string, string> {
  const line = messages.find((text) => text.startsWith('E ')) ?? '';
  return new Map(
    line
      .slice(2)
      .split('\\0')
      .filter((field) => field !== '')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
}
