// The command table: one import and one row per verb. Help, man pages, completions and parsing all read it.
import { agentLogs } from './agent-logs.ts';
import { agentRun } from './agent-run.ts';
import { agentStart } from './agent-start.ts';
import { agentStatus } from './agent-status.ts';
import { agentStop } from './agent-stop.ts';
import type { CommandDefinition } from './command.ts';
import { connect } from './connect.ts';
import { connectionsTest } from './connections-test.ts';
import { exec } from './exec.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { proxy } from './proxy.ts';
import { query } from './query.ts';
import { secretsLs } from './secrets-ls.ts';
import { secretsRm } from './secrets-rm.ts';
import { secretsSet } from './secrets-set.ts';
import { sessionsKill } from './sessions-kill.ts';
import { sessionsTail } from './sessions-tail.ts';
import { status } from './status.ts';
import { whoami } from './whoami.ts';

export const COMMANDS: readonly CommandDefinition[] = [
  agentLogs,
  agentRun,
  agentStart,
  agentStatus,
  agentStop,
  connect,
  connectionsTest,
  exec,
  login,
  logout,
  proxy,
  query,
  secretsLs,
  secretsRm,
  secretsSet,
  sessionsKill,
  sessionsTail,
  status,
  whoami,
];
