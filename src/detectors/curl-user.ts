// The password behind `curl -u name:`: of a command line that names its user. Never reads past the end of the line.
import type { AnchoredDetector } from './detector.ts';
import { isPlaceholder } from './secret-value.ts';

/** Longest stretch of a command line that is read. */
const LONGEST = 512;

/** `-u name:password`, `--user "name:password"`, `-uname:password`. */
const USER = /\s(?:-u\s{0,2}|--user[\s=]{1,2})["']?[^\s"':]{0,128}["']?:(["']?)/;

export const curlUser: AnchoredDetector = {
  kind: 'anchored',
  type: 'password',
  summary: 'passwords behind curl -u name:',
  byDefault: true,
  rank: 41,
  anchors: ['curl '],
  match(text, at) {
    const whole = text.slice(at, at + LONGEST);
    const line = whole.slice(0, whole.search(/(?<!\\)\n|$/));
    const user = USER.exec(line);
    if (user === null) return undefined;
    const start = user.index + user[0].length;
    const found = line.slice(start).search(user[1] === '' ? /[\s"']|$/ : /["']|$/);
    const end = start + found;
    if (found < 3 || isPlaceholder(line.slice(start, end))) return undefined;
    return { start: at + start, end: at + end };
  },
};
