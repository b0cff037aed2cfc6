// What the agent may use of sign-ins at remote MCP servers.
export { type RemoteGrant, refreshGrant, revokeGrant } from './grant.ts';
export { type RemoteSignIn, signInRemote } from './sign-in.ts';
export { Web } from './web.ts';
