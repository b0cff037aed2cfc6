// MAC addresses (IEEE 802): six pairs of hex digits joined by colons or hyphens, or three groups of four joined by dots. Off by default, as IP addresses are.
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

const PAIRS = /[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}/iy;
/** As network devices print them. */
const DOTTED = /[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}/iy;
const DOT = 46;
/** Colon, hyphen, dot. */
const JOINS: ReadonlySet<number> = new Set([58, 45, DOT]);

export const macAddress: AnchoredDetector = {
  kind: 'anchored',
  type: 'mac-address',
  summary: 'MAC addresses',
  byDefault: false,
  rank: 49,
  anchors: [':', '-', '.'],
  match(text, at) {
    const dotted = text.charCodeAt(at) === DOT;
    const start = at - (dotted ? 4 : 2);
    if (start < 0 || JOINS.has(text.charCodeAt(start - 1)) || !beginsWord(text, start)) return undefined;
    const shape = dotted ? DOTTED : PAIRS;
    shape.lastIndex = start;
    if (!shape.test(text)) return undefined;
    const end = shape.lastIndex;
    const after = text.charCodeAt(end);
    const goesOn = after === DOT ? isAlphanumeric(text.charCodeAt(end + 1)) : JOINS.has(after);
    return isAlphanumeric(after) || goesOn ? undefined : { start, end };
  },
};
