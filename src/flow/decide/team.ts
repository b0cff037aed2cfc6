// A published policy and the files of one machine, put together. Must never let a local permit through that the team did not grant.
import type { PolicyText } from '../../model/session.ts';
import { cut, LOCAL } from './source.ts';

/** Annotations, then the effect. */
const EFFECT =
  /^(?:@\s*\w+\s*(?:\(\s*"(?:[^"\\]|\\[\s\S])*"\s*\))?|\s|\/\/[^\n\r]*(?:[\n\r]|$))*(permit|forbid)\b/;

const blank = (text: string): string => text.replace(/[^\n\r]/g, ' ');

/** The text without permits and what is published anyway, the rest where it stood. What is no policy stays, and is complained about. */
function restrictions(text: string, published: ReadonlySet<string>): string {
  let kept = '';
  let at = 0;
  for (const { text: policy, index } of cut(text)) {
    const counts = EFFECT.exec(policy)?.[1] !== 'permit' && !published.has(policy);
    kept += blank(text.slice(at, index)) + (counts ? policy : blank(policy));
    at = index + policy.length;
  }
  return kept;
}

/**
 * Beside a published policy, files of a machine may forbid more and permit nothing. Where they forbid nothing more, what comes out
 * is what was published: its digest is the same everywhere.
 */
export function withPublished(published: PolicyText, local: PolicyText): PolicyText {
  const theirs = new Set(
    Object.values(published.files).flatMap((text) => cut(text).map((piece) => piece.text)),
  );
  const files: Record<string, string> = { ...published.files };
  const paths: Record<string, string> = { ...published.paths };
  for (const [name, text] of Object.entries(local.files)) {
    const counts = restrictions(text, theirs);
    if (!counts.trim()) continue;
    files[LOCAL + name] = counts;
    paths[LOCAL + name] = local.paths?.[name] ?? name;
  }
  return { files, paths };
}

/** Names of files that would pass for local ones: none of a published policy may be called so. */
export function localNames({ files }: PolicyText): readonly string[] {
  return Object.keys(files).filter((name) => name.startsWith(LOCAL));
}
