// SASLprep (RFC 4013) as PostgreSQL applies it to passwords: what cannot be prepared is used as it is.

/** RFC 3454 table B.1: mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** RFC 3454 table C.1.2: other spaces become a space. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;
/** RFC 3454 tables C.2.1 to C.9: controls, private use, non-characters, surrogates, tags and direction marks. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\p{Cn}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\uffff\u{e0001}\u{e0020}-\u{e007f}]|\u0340|\u0341|[\u{1d173}-\u{1d17a}]/u;
/** RFC 3454 table D.1: characters written from right to left. */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06e5\u06e6\u06fa-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\ufb1d-\ufdfc\ufe70-\ufefc]/u;
const LETTER = /\p{L}/u;

export function saslPrep(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const prepared = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (prepared === '' || PROHIBITED.test(prepared)) return password;
  if (!RIGHT_TO_LEFT.test(prepared)) return prepared;
  const characters = [...prepared];
  const [first = '', last = ''] = [characters[0], characters.at(-1)];
  const mixed = characters.some((character) => LETTER.test(character) && !RIGHT_TO_LEFT.test(character));
  return !mixed && RIGHT_TO_LEFT.test(first) && RIGHT_TO_LEFT.test(last) ? prepared : password;
}
