// The data of a Kubernetes Secret as YAML: every value of it is one, whatever it is called. Never reads past the block.
import type { AnchoredDetector } from './detector.ts';

/** How far behind `kind: Secret` its data may begin, and how much of it is claimed. */
const FAR = 1024;
const LONGEST = 16_384;

const DATA = /\n([ \t]*)(?:data|stringData):[ \t]*\r?\n/;

export const kubernetesSecret: AnchoredDetector = {
  kind: 'anchored',
  type: 'secret',
  summary: 'the data of a Kubernetes Secret',
  byDefault: true,
  rank: 31,
  anchors: ['kind: secret'],
  ignoreCase: true,
  match(text, at) {
    if (!/^[\s"']|^$/.test(text.slice(at + 12, at + 13))) return undefined;
    const near = text.slice(at, at + FAR);
    const document = near.split('\n---', 1)[0] ?? '';
    const data = DATA.exec(document);
    if (data === null) return undefined;
    const start = at + data.index + data[0].length;
    const indent = data[1]?.length ?? 0;
    let end = start;
    const stop = Math.min(text.length, start + LONGEST);
    while (end < stop) {
      const next = text.indexOf('\n', end);
      const line = text.slice(end, next < 0 ? stop : Math.min(next, stop));
      if (line.trim() !== '' && (line.search(/\S/) <= indent || line.startsWith('---'))) break;
      end = next < 0 ? stop : Math.min(next + 1, stop);
    }
    while (end > start && /\s/.test(text[end - 1] ?? '')) end -= 1;
    return end > start ? { start, end } : undefined;
  },
};
