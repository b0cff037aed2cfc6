// Everything of the agent that commands and the front may use; nothing else of it is theirs.
export { buildOf, bundled, versionOf } from './build.ts';
export type { AgentClient, Dialogue } from './control.ts';
export { brokerSettings, childEnvironment } from './environment.ts';
export { connectAgent } from './launch.ts';
export type * from './messages.ts';
export { FRONT_DONE, secureFolder } from './place.ts';
export type * from './remote-messages.ts';
export type * from './team-messages.ts';
