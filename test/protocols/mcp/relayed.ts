// A relay between two lists of lines, with a guard that a test can change.
import type { Guard } from '../../../src/protocols/mcp/guard.ts';
import { FORWARD } from '../../../src/protocols/mcp/guard.ts';
import { Relay } from '../../../src/protocols/mcp/relay.ts';

export interface Relayed {
  readonly relay: Relay;
  /** Lines that reached each side. */
  readonly host: string[];
  readonly server: string[];
  readonly dropped: string[];
  readonly outsize: number[];
  fromHost(...lines: (string | object | Buffer)[]): void;
  fromServer(...lines: (string | object | Buffer)[]): void;
}

function bytes(line: string | object | Buffer): Buffer {
  if (Buffer.isBuffer(line)) return Buffer.concat([line, Buffer.from('\n')]);
  return Buffer.from(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
}

export function relayed(guard: Partial<Guard> = {}, limit?: number): Relayed {
  const [host, server, dropped, outsize]: [string[], string[], string[], number[]] = [[], [], [], []];
  const whole: Guard = {
    request: () => FORWARD,
    fromHost: () => FORWARD,
    answer: () => FORWARD,
    fromServer: () => FORWARD,
    notice: () => FORWARD,
    outsize: (_, length) => void outsize.push(length),
    dropped: (side, reason) => void dropped.push(`${side}: ${reason}`),
    ...guard,
  };
  const wires = {
    host: (line: Buffer) => void host.push(line.toString()),
    server: (line: Buffer) => void server.push(line.toString()),
  };
  const relay = new Relay(whole, wires, limit);
  return {
    relay,
    host,
    server,
    dropped,
    outsize,
    fromHost: (...lines) => {
      for (const line of lines) relay.pushHost(bytes(line));
    },
    fromServer: (...lines) => {
      for (const line of lines) relay.pushServer(bytes(line), 0);
    },
  };
}

export const call = (id: unknown, params: object = { name: 'echo', arguments: {} }) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params,
});

export const answer = (id: unknown, result: object = { content: [] }) => ({ jsonrpc: '2.0', id, result });
