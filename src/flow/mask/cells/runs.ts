// Finds runs of characters of one kind, looking at few of the others. Pure.

/** Which characters below 128 are of the kind. */
export type Kind = Uint8Array;

export function kindOf(letters: string): Kind {
  const kind = new Uint8Array(128);
  for (const letter of letters) kind[letter.charCodeAt(0)] = 1;
  return kind;
}

export function isOf(kind: Kind, code: number): boolean {
  return code < 128 && kind[code] === 1;
}

/**
 * Start of the first run of at least `shortest` characters that begins at `from` or later; -1 without one. A character that is not of
 * the kind rules out every run around it, so that where runs are short most characters are never looked at (as Boyer and Moore seek words).
 */
export function nextRun(text: string, kind: Kind, shortest: number, from: number): number {
  let start = from;
  // From `start` up to here all are of the kind.
  let known = from;
  for (let last = start + shortest - 1; last < text.length; last = start + shortest - 1) {
    let at = last;
    while (at >= known && isOf(kind, text.charCodeAt(at))) at -= 1;
    if (at < known) return start;
    start = at + 1;
    known = last + 1;
  }
  return -1;
}

/** Where the run that begins at `from` ends. */
export function runEnd(text: string, kind: Kind, from: number): number {
  let at = from;
  while (at < text.length && isOf(kind, text.charCodeAt(at))) at += 1;
  return at;
}
