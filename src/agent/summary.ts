// How evidence and listings name a connection. Must never show more than its address.
import type { Connection } from '../model/connection.ts';

/** `host:port`, or the folder of a unix socket. */
export function addressOf(connection: Connection): string {
  return connection.host.startsWith('/') ? connection.host : `${connection.host}:${connection.port}`;
}

export function describeConnection(connection: Connection): {
  readonly connection: string;
  readonly protocol: string;
  readonly address: string;
  readonly database?: string;
} {
  return {
    connection: connection.name,
    protocol: connection.type,
    address: addressOf(connection),
    ...(connection.database === undefined ? {} : { database: connection.database }),
  };
}
