// The command table: one import and one row per verb. Help, man pages, completions and parsing all read it.
import { agentLogs } from './agent-logs.ts';
import { agentRun } from './agent-run.ts';
import { agentStart } from './agent-start.ts';
import { agentStatus } from './agent-status.ts';
import { agentStop } from './agent-stop.ts';
import { approvalsApprove } from './approvals-approve.ts';
import { approvalsDeny } from './approvals-deny.ts';
import { approvalsLs } from './approvals-ls.ts';
import { approvalsRevoke } from './approvals-revoke.ts';
import { approvalsShow } from './approvals-show.ts';
import { approvalsWatch } from './approvals-watch.ts';
import type { CommandDefinition } from './command.ts';
import { complete } from './complete.ts';
import { completion } from './completion.ts';
import { configCheck } from './config-check.ts';
import { configSchema } from './config-schema.ts';
import { configShow } from './config-show.ts';
import { connect } from './connect.ts';
import { connectionsAdd } from './connections-add.ts';
import { connectionsLs } from './connections-ls.ts';
import { connectionsShow } from './connections-show.ts';
import { connectionsTest } from './connections-test.ts';
import { doctor } from './doctor.ts';
import { exec } from './exec.ts';
import { exportEvidence } from './export.ts';
import { init } from './init.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { maskScan } from './mask-scan.ts';
import { maskTest } from './mask-test.ts';
import { mcp } from './mcp.ts';
import { mcpInstall } from './mcp-install.ts';
import { mcpLs } from './mcp-ls.ts';
import { mcpUninstall } from './mcp-uninstall.ts';
import { policyCheck } from './policy-check.ts';
import { policyExplain } from './policy-explain.ts';
import { policyFmt } from './policy-fmt.ts';
import { policyLog } from './policy-log.ts';
import { policyPush } from './policy-push.ts';
import { policyShow } from './policy-show.ts';
import { policyTest } from './policy-test.ts';
import { proxy } from './proxy.ts';
import { query } from './query.ts';
import { replay } from './replay.ts';
import { report } from './report.ts';
import { request } from './request.ts';
import { run } from './run.ts';
import { secretsLs } from './secrets-ls.ts';
import { secretsRm } from './secrets-rm.ts';
import { secretsSet } from './secrets-set.ts';
import { sessionsKill } from './sessions-kill.ts';
import { sessionsLs } from './sessions-ls.ts';
import { sessionsShow } from './sessions-show.ts';
import { sessionsTail } from './sessions-tail.ts';
import { status } from './status.ts';
import { toolsLs } from './tools-ls.ts';
import { toolsServe } from './tools-serve.ts';
import { toolsTrust } from './tools-trust.ts';
import { verify } from './verify.ts';
import { whoami } from './whoami.ts';

export const COMMANDS: readonly CommandDefinition[] = [
  agentLogs,
  agentRun,
  agentStart,
  agentStatus,
  agentStop,
  approvalsApprove,
  approvalsDeny,
  approvalsLs,
  approvalsRevoke,
  approvalsShow,
  approvalsWatch,
  complete,
  completion,
  configCheck,
  configSchema,
  configShow,
  connect,
  connectionsAdd,
  connectionsLs,
  connectionsShow,
  connectionsTest,
  doctor,
  exec,
  exportEvidence,
  init,
  login,
  logout,
  maskScan,
  maskTest,
  mcp,
  mcpInstall,
  mcpLs,
  mcpUninstall,
  policyCheck,
  policyExplain,
  policyFmt,
  policyLog,
  policyPush,
  policyShow,
  policyTest,
  proxy,
  query,
  replay,
  report,
  request,
  run,
  secretsLs,
  secretsRm,
  secretsSet,
  sessionsKill,
  sessionsLs,
  sessionsShow,
  sessionsTail,
  status,
  toolsLs,
  toolsServe,
  toolsTrust,
  verify,
  whoami,
];
