// MCP on the wire: lines, messages, ids, versions. No rule lives here; the front decides with the flow's help.
export { INTERVAL } from './flood.ts';
export { FORWARD, type Guard, type Verdict } from './guard.ts';
export {
  encode,
  isMembers,
  type Members,
  type Notification,
  type Request,
  type Response,
} from './message.ts';
export { refusalOf } from './refusals.ts';
export { Relay } from './relay.ts';
export { eraOf, type HostInfo, hostInfo } from './versions.ts';
