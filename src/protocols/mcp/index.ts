// MCP on the wire: lines, messages, ids, versions. No rule lives here; the front decides with the flow's help.
export { bearerChallenge } from './challenge.ts';
export { INTERVAL } from './flood.ts';
export { LineFramer, MAX_LINE } from './framer.ts';
export { FORWARD, type Guard, type Underway, type Verdict } from './guard.ts';
export { type Mirrored, messageHeaders, mirroredArguments } from './http-headers.ts';
export {
  encode,
  idKey,
  isMembers,
  lineOf,
  type Members,
  type Message,
  type Notification,
  parseMessage,
  type Request,
  type Response,
} from './message.ts';
export { refusalOf, resultLine, tooLong } from './refusals.ts';
export { Relay } from './relay.ts';
export { eraOf, HANDSHAKE_VERSIONS, type HostInfo, hostInfo } from './versions.ts';
