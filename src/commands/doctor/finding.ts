// What a check of this machine finds, and how it looks. Pure.
import { visible } from '../../lib/visible.ts';
import { BrokerError, EXIT } from '../../model/errors.ts';

export interface Finding {
  readonly check: string;
  /** `ok` was looked at; `note` is said to everybody; `skipped` was not looked at. */
  readonly level: 'ok' | 'note' | 'warning' | 'problem' | 'skipped';
  readonly detail: string;
  /** The command, or the one thing to do, that mends it. */
  readonly mend?: string;
  /** Exit code this problem would have ended a command with. */
  readonly exit?: number;
}

export function ok(check: string, detail: string): Finding {
  return { check, level: 'ok', detail };
}

/** What holds whatever is found. */
export function note(check: string, detail: string): Finding {
  return { check, level: 'note', detail };
}

export function skipped(check: string, detail: string, mend?: string): Finding {
  return { check, level: 'skipped', detail, ...(mend === undefined ? {} : { mend }) };
}

export function warning(check: string, detail: string, mend: string): Finding {
  return { check, level: 'warning', detail, mend };
}

export function problem(
  check: string,
  detail: string,
  mend: string,
  exit: number = EXIT.configuration,
): Finding {
  return { check, level: 'problem', detail, mend, exit };
}

/** A check that failed says what the command that needs it would say. */
export function failed(check: string, error: unknown): Finding {
  if (error instanceof BrokerError) return problem(check, error.message, error.hint, error.row.exit);
  return problem(
    check,
    error instanceof Error ? error.message : String(error),
    'see `broker agent logs`',
    EXIT.bug,
  );
}

const MARKS = {
  ok: { mark: '✓', colour: 32 },
  note: { mark: '·', colour: 36 },
  warning: { mark: '!', colour: 33 },
  problem: { mark: '✗', colour: 31 },
  skipped: { mark: '-', colour: 2 },
} as const;

export function render(findings: readonly Finding[], fancy: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(width + 4);
  const lines = findings.map(({ check, level, detail, mend }) => {
    const { mark, colour } = MARKS[level];
    const shown = fancy ? `\u001b[${colour}m${mark}\u001b[0m` : mark;
    const text = visible(detail, { multiline: true }).replaceAll('\n', `\n${indent}`);
    const help = mend === undefined ? '' : `${indent}→ ${visible(mend)}\n`;
    return `${shown} ${check.padEnd(width)}  ${text}\n${help}`;
  });
  return lines.join('');
}
