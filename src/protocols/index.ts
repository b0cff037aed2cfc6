// The shelf of wire protocols: one row each, loaded only when a session needs it.
import type { Protocol } from './protocol.ts';

export const PROTOCOLS: Readonly<Record<string, () => Promise<Protocol>>> = {
  mcp: async () => (await import('./mcp/target.ts')).mcp,
  postgres: async () => (await import('./postgres/index.ts')).postgres,
};
