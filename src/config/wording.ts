// What is wrong with a setting, in words for whoever wrote the file. Pure; knows zod's issues so that nobody else has to.
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  null: 'nothing',
  number: 'a number',
  object: 'a group of settings',
  record: 'a group of settings',
  string: 'text',
};

const kind = (name: string) => KINDS[name] ?? name;

function wrongType(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const received = /received (\w+)$/.exec(issue.message)?.[1] ?? '';
  if (received === 'undefined') return 'is missing';
  const instead = received === '' || issue.expected === 'int' ? '' : `, not ${kind(received)}`;
  return `must be ${kind(issue.expected)}${instead}`;
}

function outOfRange(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  if (issue.origin !== 'number' && issue.origin !== 'int') return issue.message;
  return issue.code === 'too_small'
    ? `must be at least ${issue.minimum}`
    : `must be at most ${issue.maximum}`;
}

export function wording(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue);
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
    case 'too_big':
      return outOfRange(issue);
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message.replace(/^Invalid input: /, '');
  }
}
