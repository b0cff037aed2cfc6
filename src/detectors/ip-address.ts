// IP addresses, version 4 (dotted) and 6 (RFC 4291). Off by default: addresses are everywhere in what an operator reads.
import { isIPv6 } from 'node:net';
import { beginsWord, isAlphanumeric, isHex } from './characters.ts';
import { type AnchoredDetector, type NumberDetector, SEPARATOR } from './detector.ts';
import { isEmbedded } from './numbers.ts';

const byDefault = false;

export const ipAddress: NumberDetector = {
  kind: 'number',
  type: 'ip-address',
  summary: 'IP addresses, version 4',
  byDefault,
  rank: 48,
  fewest: 4,
  leads: [1, 2, 3],
  match(run, found) {
    for (let i = 0; i + 3 < run.count; i += 1) {
      const dotted = [1, 2, 3].every((next) => run.separators[i + next] === SEPARATOR.dot);
      const longer =
        run.separators[i] === SEPARATOR.dot || (i + 4 < run.count && run.separators[i + 4] === SEPARATOR.dot);
      if (!dotted || longer) continue;
      const start = run.starts[i] ?? 0;
      const end = run.ends[i + 3] ?? 0;
      const octets = run.text.slice(start, end).split('.');
      const right = octets.every(
        (octet) => octet.length <= 3 && Number(octet) <= 255 && String(Number(octet)) === octet,
      );
      if (right && !isEmbedded(run.text, start, end)) found(start, end);
      i += 3;
    }
  },
};

const isPart = (code: number): boolean => isHex(code) || code === 58 || code === 46;

/** Sought at the first colon of an address; later colons are inside it. */
export const ip6Address: AnchoredDetector = {
  kind: 'anchored',
  type: 'ip-address',
  summary: 'IP addresses, version 6',
  byDefault,
  rank: 48,
  anchors: [':'],
  match(text, at) {
    let start = at;
    while (start > at - 5 && isHex(text.charCodeAt(start - 1))) start -= 1;
    if (at - start > 4 || text.charCodeAt(start - 1) === 58 || !beginsWord(text, start)) return undefined;
    let end = at;
    while (end < start + 46 && isPart(text.charCodeAt(end))) end += 1;
    while (end > at && text.charCodeAt(end - 1) === 46) end -= 1;
    if (isAlphanumeric(text.charCodeAt(end)) || end - start < 4) return undefined;
    // Without a digit it may be a name of C++ or Rust: `a::b`.
    return /\d/.test(text.slice(start, end)) && isIPv6(text.slice(start, end)) ? { start, end } : undefined;
  },
};
