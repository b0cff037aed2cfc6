// The data of a Kubernetes Secret as YAML: every value of it is one, whatever it is called. Never reads past the block.
import { isLetter, isWord } from './characters.ts';
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
  anchors: ['kind: secret', 'kind: "secret', "kind: 'secret"],
  ignoreCase: true,
  match(text, at) {
    if (isWord(text.charCodeAt(at + 'kind: '.length + (isLetter(text.charCodeAt(at + 6)) ? 6 : 7))))
      return undefined;
    const behind = DATA.exec(text.slice(at, at + FAR).split('\n---', 1)[0] ?? '');
    const from = Math.max(0, at - FAR);
    const before = text.slice(from, at);
    const head = before.lastIndexOf('\n---') + 1;
    const ahead = behind === null ? DATA.exec(before.slice(head)) : null;
    const data = behind ?? ahead;
    if (data === null) return undefined;
    const start = (behind === null ? from + head : at) + data.index + data[0].length;
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
