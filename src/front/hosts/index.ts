// The shelf of MCP hosts: one row each.
import { claudeCode } from './claude-code.ts';
import { claudeDesktop } from './claude-desktop.ts';
import { cline } from './cline.ts';
import { codex } from './codex.ts';
import { continueDev } from './continue.ts';
import { cursor } from './cursor.ts';
import { gemini } from './gemini.ts';
import { goose } from './goose.ts';
import type { Host } from './host.ts';
import { opencode } from './opencode.ts';
import { vscode } from './vscode.ts';
import { windsurf } from './windsurf.ts';
import { zed } from './zed.ts';

export const HOSTS: readonly Host[] = [
  claudeCode,
  claudeDesktop,
  cline,
  codex,
  continueDev,
  cursor,
  gemini,
  goose,
  opencode,
  vscode,
  windsurf,
  zed,
];
