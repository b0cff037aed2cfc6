// MAC addresses (IEEE 802): six pairs of hex digits joined by colons or hyphens. Off by default, as IP addresses are.
import { beginsWord, isAlphanumeric } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

const SHAPE = /[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}/iy;

export const macAddress: AnchoredDetector = {
  kind: 'anchored',
  type: 'mac-address',
  summary: 'MAC addresses',
  byDefault: false,
  rank: 49,
  anchors: [':', '-'],
  match(text, at) {
    const start = at - 2;
    const before = text.charCodeAt(start - 1);
    if (start < 0 || before === 58 || before === 45 || !beginsWord(text, start)) return undefined;
    SHAPE.lastIndex = start;
    if (!SHAPE.test(text)) return undefined;
    const end = SHAPE.lastIndex;
    const after = text.charCodeAt(end);
    return isAlphanumeric(after) || after === 58 || after === 45 ? undefined : { start, end };
  },
};
