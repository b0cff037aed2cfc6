// MCP on the wire: lines, messages, ids, versions. No rule lives here; the front decides with the flow's help.
export { INTERVAL } from './flood.ts';
export { MAX_LINE } from './framer.ts';
export { DROP, FORWARD, type Guard, type Verdict } from './guard.ts';
export {
  encode,
  type Id,
  isMembers,
  type Members,
  type Notification,
  type Request,
  type Response,
} from './message.ts';
export { errorLine, refusalOf, resultFor } from './refusals.ts';
export { Relay } from './relay.ts';
export { type Era, eraOf, type HostInfo, hostInfo } from './versions.ts';
