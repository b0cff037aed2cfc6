// What of an answer is kept in the record: the parts a model reads, masked already, no more than the connection keeps.
import type { RecordingSettings } from '../../model/connection.ts';
import { isMembers, type Members } from '../../protocols/mcp/index.ts';

function part(item: unknown, most: number): string {
  if (isMembers(item)) {
    if (typeof item['text'] === 'string') return item['text'].slice(0, most);
    const { data, blob } = item;
    // Pictures and sound: that they were there is kept.
    if (typeof data === 'string') return `${String(item['type'])} of ${data.length} characters in base64`;
    if (typeof blob === 'string') return `${String(item['uri'])}: ${blob.length} characters in base64`;
  }
  return (JSON.stringify(item) ?? '').slice(0, most);
}

/** One text per part. */
export function partsOf(result: Members, { maxRows, maxBytes }: RecordingSettings): string[] {
  if (maxRows === 0 || maxBytes === 0) return [];
  const { content, contents, messages, structuredContent } = result;
  const list = [content, contents, messages].find(Array.isArray) as readonly unknown[] | undefined;
  if (list && list.length > 0) return list.slice(0, maxRows).map((item) => part(item, maxBytes));
  return structuredContent === undefined ? [] : [part(structuredContent, maxBytes)];
}
