// Reads the settings of a connection's credential: every problem named, nothing guessed. Pure.
import { BrokerError } from '../model/errors.ts';

export type Settings = Readonly<Record<string, unknown>>;

export interface SettingProblem {
  readonly setting: string;
  readonly reason: string;
}

/** Undefined when the value is right, else what is wrong with it. */
export type Rule = (value: unknown) => string | undefined;

export interface SettingRow {
  readonly required?: boolean;
  readonly rule: Rule;
}

const UNPRINTABLE = /[\u0000-\u001f\u007f]/;

export const isText: Rule = (value) => {
  if (typeof value !== 'string' || value === '') return 'must be text';
  return UNPRINTABLE.test(value) ? 'must not contain control characters' : undefined;
};

export const isVariable: Rule = (value) =>
  typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)
    ? undefined
    : 'must be the name of an environment variable';

export const isTextList: Rule = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((one) => isText(one) === undefined)
    ? undefined
    : 'must be a list of texts with at least one';

export function oneOf(...choices: readonly string[]): Rule {
  return (value) => (choices.includes(value as string) ? undefined : `must be one of ${choices.join(', ')}`);
}

export function between(low: number, high: number): Rule {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
      ? undefined
      : `must be a whole number from ${low} to ${high}`;
}

/** All problems at once; `source` itself is always allowed. */
export function checkSettings(
  settings: Settings,
  rows: Readonly<Record<string, SettingRow>>,
): SettingProblem[] {
  const problems: SettingProblem[] = [];
  for (const [setting, { required, rule }] of Object.entries(rows)) {
    const value = settings[setting];
    if (value === undefined) {
      if (required) problems.push({ setting, reason: 'is missing' });
      continue;
    }
    const reason = rule(value);
    if (reason !== undefined) problems.push({ setting, reason });
  }
  for (const setting of Object.keys(settings))
    if (setting !== 'source' && !Object.hasOwn(rows, setting))
      problems.push({ setting, reason: 'is not known here' });
  return problems;
}

export function textOf(settings: Settings, setting: string): string | undefined {
  const value = settings[setting];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(settings: Settings, setting: string, otherwise: number): number {
  const value = settings[setting];
  return typeof value === 'number' ? value : otherwise;
}

export function credentialFailed(connection: string, reason: string, mend: string): BrokerError {
  return new BrokerError('credential-failed', { connection, reason, mend });
}
