// What an MCP server is to the front, wherever it runs: lines in, lines out, an end. Types only.
import type { Readable, Writable } from 'node:stream';

export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not be started at all. */
  readonly failure?: Error;
}

export interface McpServer {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** What it says beside the protocol. */
  readonly stderr?: Readable;
  /** Resolves when it has ended and everything it wrote has been read. */
  readonly ended: Promise<ServerEnd>;
  end(): Promise<void>;
  /** Why the last thing that was asked could not be; undefined when it could. */
  readonly trouble?: Error | undefined;
  /** Somebody's session begins: perhaps another person's than before. */
  begun?(): void;
}
