// A published policy and the files of one machine, put together. Must never let a local permit through that the team did not grant.
import type { PolicyText } from '../../model/session.ts';
import { cut, LOCAL, LOCAL_PERMITS } from './source.ts';

const PUBLISHED = 'published:';

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

export interface TeamPolicy {
  readonly files: PolicyText['files'];
  /** Local files may permit what the published policy does not. */
  readonly localPermits: boolean;
  /** What a message calls it, e.g. `published policy 3`. */
  readonly title: string;
}

/** Local files, beside a published policy, may forbid more. They permit more only where the published policy says so. */
export function withPublished(team: TeamPolicy, local: PolicyText): PolicyText {
  const theirs = Object.values(team.files).flatMap((text) => cut(text).map((piece) => piece.text));
  const published = new Set(theirs);
  const files: Record<string, string> = {};
  const paths: Record<string, string> = {};
  for (const [name, text] of Object.entries(team.files)) {
    files[PUBLISHED + name] = text;
    paths[PUBLISHED + name] = `${team.title}, ${name}`;
  }
  for (const [name, text] of Object.entries(local.files)) {
    const counts = team.localPermits ? text : restrictions(text, published);
    if (!counts.trim()) continue;
    const file = (team.localPermits ? LOCAL_PERMITS : LOCAL) + name;
    files[file] = counts;
    paths[file] = local.paths?.[name] ?? name;
  }
  return { files, paths };
}
