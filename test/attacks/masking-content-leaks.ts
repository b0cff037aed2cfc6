// Finds the values of masking-content-cases.ts in whatever reached a client or a bundle, however they are written. Written apart from
// the mask: it decodes in its own ways, and what neither knows is found by neither.
import { unzipSync } from 'node:zlib';
import { CARD, IBAN, MAIL, TOKEN } from './masking-content-cases.ts';

/** What tells a value, without separators, in small letters. */
const NEEDLES: Readonly<Record<string, string>> = {
  [CARD.slice(0, 12)]: 'the card',
  [CARD.slice(-11)]: 'the card',
  [MAIL.slice(0, 8).replace('.', '')]: 'the address',
  [IBAN.slice(8, 20)]: 'the account',
  [TOKEN.slice(6, 18).toLowerCase()]: 'the token',
};

const WORDS: Readonly<Record<string, string>> = { zq9kjv3: 'the password', miibogibaajbakj34gkx: 'the key' };

const letters = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^a-z0-9@\u0660-\u0669]/g, '');

const arabic = (text: string): string =>
  text.replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660));

function* numbers(): Generator<Buffer> {
  const wide = Buffer.alloc(8);
  wide.writeBigInt64BE(BigInt(CARD));
  yield wide;
  const float = Buffer.alloc(8);
  float.writeDoubleBE(Number(CARD));
  yield float;
  const groups = CARD.match(/.{4}/g) ?? [];
  const numeric = Buffer.alloc(groups.length * 2);
  for (const [index, group] of groups.entries()) numeric.writeUInt16BE(Number(group), index * 2);
  yield numeric;
  const money = Buffer.alloc(8);
  money.writeBigInt64BE(BigInt(CARD) * 100n);
  yield money;
}

function unzipped(bytes: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (const magic of [Buffer.from([0x1f, 0x8b, 8]), Buffer.from([0x78, 0x9c])])
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1))
      try {
        out.push(unzipSync(bytes.subarray(at), { finishFlush: 2 }));
      } catch {
        // It only looked like one.
      }
  return out;
}

const code = (radix: number) => (_: string, digits: string) =>
  String.fromCodePoint(Math.min(Number.parseInt(digits, radix), 0x10ffff));

/** What the bytes may be read as. */
function* readings(bytes: Buffer): Generator<Buffer> {
  const text = bytes.toString('latin1');
  if (text.includes('\0')) yield Buffer.from(text.replaceAll('\0', ''), 'latin1');
  for (const [run] of text.matchAll(/(?:[0-9a-f]{2}[ :]?){8,}/gi))
    yield Buffer.from(run.replace(/[ :]/g, ''), 'hex');
  const joined = text.replace(/\\r|\\n|[\r\n]/g, '');
  for (const [run] of joined.matchAll(/[A-Za-z0-9+/_-]{16,}/g))
    for (const offset of [0, 1, 2, 3]) yield Buffer.from(run.slice(offset), 'base64');
  for (const [run] of joined.matchAll(/[A-Za-z0-9+_-]{16,}/g)) yield Buffer.from(run, 'base64');
  const undone = text
    .replace(/%(?:25)*([0-9a-f]{2})/gi, code(16))
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, code(16))
    .replace(/\\+u00([0-9a-f]{2})/gi, code(16))
    .replace(/\\+x([0-9a-f]{2})/gi, code(16))
    .replace(/\\+([0-3][0-7]{2})/g, code(8))
    .replace(/&#x([0-9a-f]+);/gi, code(16))
    .replace(/&#(\d+);/g, code(10))
    .replaceAll('&commat;', '@')
    .replaceAll('&period;', '.');
  if (undone !== text) yield Buffer.from(undone, 'latin1');
  yield* unzipped(bytes);
}

function search(bytes: Buffer, depth: number, found: Set<string>): void {
  for (const encoding of ['utf8', 'latin1'] as const) {
    const text = arabic(letters(bytes.toString(encoding)));
    for (const [needle, name] of Object.entries({ ...NEEDLES, ...WORDS }))
      if (text.includes(needle)) found.add(name);
  }
  for (const number of numbers()) if (bytes.includes(number)) found.add('the card in binary');
  if (depth > 0) for (const reading of readings(bytes)) search(reading, depth - 1, found);
}

/** Names of the values that show. */
export function shownIn(bytes: Buffer): readonly string[] {
  const found = new Set<string>();
  search(bytes, bytes.length > 100_000 ? 1 : 3, found);
  return [...found];
}
