// Which circumstances a policy set looks at: two requests that differ elsewhere have one answer. In doubt, all of them.
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

const isContext = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'Var' in value && value.Var === 'context';

function collect(value: unknown, into: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (isContext(value)) {
    into.add('*');
    return;
  }
  for (const [operator, operand] of Object.entries(value)) {
    const { left, attr } = (operand ?? {}) as { left?: unknown; attr?: unknown };
    if ((operator === '.' || operator === 'has') && isContext(left)) {
      const names = typeof attr === 'string' ? [attr] : Array.isArray(attr) ? attr.slice(0, 1) : ['*'];
      for (const name of names) into.add(String(name));
    } else collect(operand, into);
  }
}

export function mentionedContext(policies: readonly PolicyJson[]): ReadonlySet<string> | 'all' {
  const mentioned = new Set<string>();
  for (const { conditions } of policies) collect(conditions, mentioned);
  return mentioned.has('*') ? 'all' : mentioned;
}
