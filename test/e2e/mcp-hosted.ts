// An official client in the place of an MCP host, with `broker mcp` as the server it starts.

import type { McpPeers } from '../peers/mcp.ts';
import type { World } from '../peers/world.ts';

const BROKER = new URL('../../bin/broker.js', import.meta.url).pathname;

export interface ToolResult {
  readonly content?: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

/** The part of both generations of the official client that tests use. */
export interface HostClient {
  connect(transport: unknown): Promise<void>;
  close(): Promise<void>;
  listTools(): Promise<{ tools: { name: string; description?: string; outputSchema?: unknown }[] }>;
  listResources(): Promise<{ resources: { uri: string; name: string }[] }>;
  readResource(params: {
    uri: string;
  }): Promise<{ contents: { uri: string; text?: string; blob?: string }[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  getPrompt(params: { name: string; arguments?: object }): Promise<{ messages: unknown[] }>;
  callTool(
    params: { name: string; arguments?: object; _meta?: object },
    schema?: unknown,
    options?: object,
  ): Promise<ToolResult>;
  getServerVersion(): { name: string } | undefined;
  getInstructions(): string | undefined;
  setRequestHandler(schema: unknown, handler: (request: never) => unknown): void;
}

export interface Hosted {
  readonly client: HostClient;
  readonly stderr: () => string;
  readonly pid: number;
  close(): Promise<void>;
}

export interface HostOptions {
  readonly sdk?: 1 | 2;
  /** For version 2: which era. */
  readonly mode?: string;
  readonly name?: string;
  readonly capabilities?: object;
  readonly environment?: Readonly<Record<string, string>>;
  /** Before connecting. */
  prepare?(client: HostClient): void;
}

interface Transport {
  readonly pid: number | null;
  readonly stderr: { on(event: 'data', listener: (chunk: Buffer) => void): void } | null;
}

type ClientMaker = new (info: object, options?: object) => HostClient;
type TransportMaker = new (options: object) => Transport;

export async function hostOf(
  peers: McpPeers,
  world: World,
  args: readonly string[],
  options: HostOptions = {},
): Promise<Hosted> {
  const v1 = (options.sdk ?? 1) === 1;
  const base = v1 ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client';
  const stdio = v1 ? '@modelcontextprotocol/sdk/client/stdio.js' : '@modelcontextprotocol/client/stdio';
  const { Client } = await peers.load<{ Client: ClientMaker }>(base);
  const { StdioClientTransport } = await peers.load<{ StdioClientTransport: TransportMaker }>(stdio);
  const client = new Client(
    { name: options.name ?? 'Test Host', version: '7.1' },
    {
      capabilities: options.capabilities ?? {},
      ...(options.mode ? { versionNegotiation: { mode: options.mode } } : {}),
    },
  );
  options.prepare?.(client);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BROKER, 'mcp', ...args],
    env: { ...world.environment, ...options.environment },
    cwd: world.home,
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  try {
    await client.connect(transport);
  } catch (error) {
    throw new Error(`the client could not connect: ${String(error)}\n${stderr}`);
  }
  return { client, stderr: () => stderr, pid: transport.pid ?? 0, close: () => client.close() };
}

export interface SealedEvent {
  readonly type: string;
  readonly recorder: string;
  readonly time: string;
  readonly who: { readonly bot?: string };
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Sealed {
  readonly actor: { readonly kind: string; readonly name: string };
  readonly session: { readonly id: string; readonly client: string; readonly end?: string };
  readonly events: readonly SealedEvent[];
}

/** Sessions that stand sealed in the store, oldest first; waits until there are `count`. */
export async function sealedSessions(world: World, count: number): Promise<Sealed[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { stdout } = await world.broker(['sessions', 'ls', '--json']);
    const rows = (
      stdout.trim() === ''
        ? []
        : stdout
            .trim()
            .split('\n')
            .flatMap((line) => JSON.parse(line))
    ) as Record<string, string>[];
    const done = rows.filter((row) => JSON.stringify(row).includes('"end"') || row['kind'] === 'session');
    if (done.length >= count || Date.now() > deadline) {
      const shown = await Promise.all(
        done.map(
          async (row) =>
            JSON.parse((await world.broker(['sessions', 'show', idOf(row), '--json'])).stdout) as Sealed,
        ),
      );
      return shown.sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function idOf(row: Record<string, unknown>): string {
  const session = row['session'] as { id?: string } | string | undefined;
  return typeof session === 'string' ? session : (session?.id ?? String(row['id']));
}
