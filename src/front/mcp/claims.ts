// What a request says of the model behind it. Claims of the host, each with where it stood; never believed, only written down.
import type { EventData } from '../../model/event.ts';
import { isMembers, type Members } from '../../protocols/mcp/index.ts';

type Claim = Pick<EventData['claim'], 'level' | 'subject' | 'value' | 'source'>;

/** `_meta` key → the member of its value that is claimed, and what it is about. */
const SOURCES: readonly { readonly key: string; readonly member?: string; readonly subject: string }[] = [
  { key: 'x-codex-turn-metadata', member: 'model', subject: 'model' },
  { key: 'x-codex-turn-metadata', member: 'turn_id', subject: 'turn' },
  { key: 'claudecode/toolUseId', subject: 'call' },
  { key: 'io.modelcontextprotocol/model', subject: 'model' },
  { key: 'traceparent', subject: 'trace' },
];

const LONGEST = 256;

/** Some hosts write their metadata as JSON in text. */
function read(value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('{')) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export function claimsOf({ _meta: meta }: Members): Claim[] {
  if (!isMembers(meta)) return [];
  return SOURCES.flatMap(({ key, member, subject }) => {
    const found = read(meta[key]);
    const value = member === undefined ? found : isMembers(found) ? found[member] : undefined;
    if (typeof value !== 'string' || value === '' || value.length > LONGEST) return [];
    const source = `_meta["${key}"]${member === undefined ? '' : `.${member}`}`;
    return [{ level: 'P2' as const, subject, value, source }];
  });
}
