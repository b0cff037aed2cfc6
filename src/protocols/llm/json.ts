// Looks into JSON that somebody else wrote. Must never throw for a shape, only answer with nothing.

export type Members = Readonly<Record<string, unknown>>;

export function members(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a content member: a string, or a list of parts that have a `text`. */
export function texts(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  const parts = list(content).flatMap((part) => text(members(part)['text']) ?? []);
  return parts.length > 0 ? parts.join('\n') : undefined;
}
