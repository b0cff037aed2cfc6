// Measures the scanner next to one V8 alternation of the same patterns, in the same run, and that hostile text costs no more.

import { createScanner } from '../../src/detectors/index.ts';
import { KEY_FACTS } from '../../src/detectors/key-facts.ts';
import { SERVICE_KEY_FACTS } from '../../src/detectors/key-facts-services.ts';
import { generator, mixedText } from './detector-corpus.ts';

const MIB = 1 << 20;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const BODIES = {
  alphanumeric: '[0-9A-Za-z]',
  hex: '[0-9a-f]',
  base64url: '[\\w-]',
  base64: '[\\w+/=-]',
  base32: '[A-Z2-7]',
  upper: '[A-Z0-9]',
  dotted: '[\\w.-]',
  dashedHex: '[0-9a-f-]',
  percent: '[0-9A-Za-z%]',
  dollar: '[0-9A-Za-z$]',
} as const;

/** The detectors' candidates as one RegExp, without their checksums, which makes it cheaper than what it stands for. */
function alternation(): RegExp {
  const keys = [...KEY_FACTS, ...SERVICE_KEY_FACTS].map(
    (fact) => `\\b${escaped(fact.prefix)}${BODIES[fact.alphabet]}{${fact.fewest},${fact.most}}`,
  );
  return new RegExp(
    [
      ...keys,
      '-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----',
      '\\beyJ[\\w-]{7,}\\.[\\w-]{4,}\\.[\\w-]*',
      '[\\w.+-]{1,64}@[\\w-]+(?:\\.[\\w-]+)+',
      '\\b[a-z][a-z0-9+.-]*://[^\\s:@/]*:[^\\s@/]+@',
      '\\b[A-Z]{2}\\d\\d(?:[ -]?[0-9A-Z]){11,30}\\b',
      '\\b[2-9]\\d{3}[ -]?\\d{4,6}[ -]?\\d{4,5}(?:[ -]?\\d{3,4})?\\b',
      '\\b[2-9]\\d{12,18}\\b',
      '\\b\\d{3}[- ]\\d\\d[- ]\\d{4}\\b',
      '\\b[A-Z]{2} ?\\d\\d ?\\d\\d ?\\d\\d ?[A-D]\\b',
      '\\b\\d{3}[ -]\\d{3}[ -]\\d{3,4}\\b',
      '\\b\\d{3}\\.\\d{3}\\.\\d{3}-\\d\\d\\b',
      '\\b\\d{4} \\d{4} \\d{4}\\b',
      '\\b\\d{2} \\d{3} \\d{3} \\d{3}\\b',
      '\\b[12378]\\d{14}\\b',
      '\\b\\d{8}-?[A-Z]\\b',
      '\\b[XYZ]\\d{7}[A-Z]\\b',
      '\\b[A-Z]{6}\\d\\d[A-EHLMPRST]\\d\\d[A-Z]\\d{3}[A-Z]\\b',
      '\\+[1-9][\\d ().-]{6,18}\\d',
      '\\(\\d{3}\\) ?\\d{3}-\\d{4}',
      '(?:phone|mobile|telefon|whatsapp|tel|fax|cell|sms)[\\s"\':=.#]{1,8}\\d[\\d ().-]{5,18}',
      '(?:bsn|nhs|pesel|cpf|sin|tfn|ssn|itin|aadhaar|steuer)[^\\d\\n]{1,20}\\d[\\d -]{7,14}',
      '(?:birth|dob|born|geburts)[^\\d\\n]{1,24}\\d[\\d./-]{7,9}',
      'passport[^\\d\\n]{1,24}[A-Z0-9]{7,9}',
      '(?:password|passwd|passphrase|passcode|pwd|pass|identified by)\\d{0,3}["\']?\\s*(?:[:=]|\\s)\\s*["\']?[^\\s"\',;&]+',
      '(?:secret|token|(?:api|access|private)[_-]?key|credential|authorization)[\\w-]{0,12}["\']?\\s*[:=]\\s*["\']?[^\\s"\',;&]{12,}',
      'bearer [\\w.~+/=-]{20,}',
    ].join('|'),
    'gi',
  );
}

/** Best of a few runs, MB/s. */
function rate(text: string, work: (text: string) => void, times = 3): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i += 1) {
    const from = performance.now();
    work(text);
    best = Math.min(best, performance.now() - from);
  }
  return text.length / MIB / (best / 1000);
}

/** As a wire masker sees it: chunks, flat strings. */
function inChunks(text: string, size: number): string[] {
  const bytes = Buffer.from(text, 'latin1');
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += size)
    chunks.push(bytes.subarray(at, at + size).toString('latin1'));
  return chunks;
}

/** 1 MiB each: every trigger over and over, near misses, and what nested quantifiers choke on. */
function hostileTexts(): ReadonlyMap<string, string> {
  const fill = (unit: string): string =>
    Buffer.from(unit.repeat(Math.ceil(MIB / unit.length)))
      .subarray(0, MIB)
      .toString('latin1');
  const next = generator(7);
  const units: Record<string, string> = {
    'a@': 'a@',
    'a@a.': 'a@a.',
    '@': '@',
    'x.x@x.x.x.': 'x.x@x.x.x.',
    digits: '4',
    'digit groups': '4 ',
    '4-digit groups': '4111 ',
    'card near miss': '4111 1111 1111 1112,',
    'card 16 near miss': '4111111111111112 ',
    hyphens: '-',
    'pem heads': '-----BEGIN PRIVATE KEY-----\n',
    'pem ends': '-----BEGIN PRIVATE KEY-----\nA-----END ',
    'jwt heads': 'eyJ',
    'jwt dots': 'eyJhbGciOiJI.',
    urls: 'x://a:b/',
    'url colons': 'x://:::',
    userinfo: 'x://u:p',
    keys: 'sk-ghp_AKIA',
    'key near miss': 'AKIAIOSFODNN7EXAMPL ',
    passwords: 'password=',
    'password quotes': 'password="a',
    secrets: 'api_key=',
    'secret near miss': 'token: aaaaaaaaaaaaaaaaaaa ',
    bearer: 'bearer ',
    'iban near miss': 'GB82 WEST 1234 5698 7654 33 ',
    'iban heads': 'GB82 ',
    plus: '+',
    'plus digits': '+1',
    'phone near miss': '+1 555 555 55555 ',
    'spoken phones': 'tel: 123 ',
    'phone words': 'phone',
    births: 'birth',
    'born dates': 'born 99/99/1999 ',
    passports: 'passport ',
    accounts: 'account no ',
    'account near miss': 'acct no 12 34 56 78 9 ',
    licences: 'dl no A-1-B-2-C-3-',
    'password digests': 'password_hash=passw',
    'pass words': 'mot de passe ',
    pins: 'pin_',
    mrz: 'P<',
    'nino near miss': 'AB123456E ',
    'codice near miss': 'RSSMRA85T10A562T ',
    'nhs near miss': '943 476 5918 ',
    'us phones': '415-555-2671-',
    dots: '1.',
    'aadhaar near miss': '2341 2341 2341,',
    said: 'ssn 123456789 ',
    escapes: '\\n4',
    'encoded cards': '%344111111111111111,',
    'encoded letters': '%41',
    'json escapes': '\\u0034',
    'zero width': '4\u200b',
    'encoded mail': 'a%40b.co ',
    hex: '0a1b2c3d4e5f',
    quotes: '"',
    equals: '=',
    colons: ':',
  };
  const random = Buffer.from(Array.from({ length: MIB }, () => 33 + next(94))).toString('latin1');
  return new Map([
    ...Object.entries(units).map(([name, unit]) => [name, fill(unit)] as const),
    ['random printable', random],
  ]);
}

function matches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _ of text.matchAll(pattern)) count += 1;
  return count;
}

function main(): void {
  const size = Number(process.env['BENCH_MIB'] ?? 64) * MIB;
  const text = Buffer.from(mixedText(size), 'latin1').toString('latin1');
  const scanner = createScanner();
  const pattern = alternation();
  const chunks = inChunks(text.slice(0, 16 * MIB), 32 * 1024);
  const sample = Buffer.from(text.slice(0, 8 * MIB), 'latin1').toString('latin1');
  let [ours, chunked, theirs] = [0, 0, 0];
  // Taken in turns, so that a busy moment of the machine meets all of them.
  for (let round = 0; round < 3; round += 1) {
    ours = Math.max(
      ours,
      rate(text, (whole) => scanner.scan(whole), 1),
    );
    theirs = Math.max(
      theirs,
      rate(sample, (whole) => matches(whole, pattern), 1),
    );
    chunked = Math.max(
      chunked,
      rate(
        text.slice(0, 16 * MIB),
        () => {
          for (const chunk of chunks) scanner.scan(chunk);
        },
        1,
      ),
    );
  }
  console.log(
    `text: ${(text.length / MIB).toFixed(0)} MiB of mixed logs, CSV and JSON; ${scanner.types.length} data types; ${scanner.scan(text).length} found`,
  );
  console.log(
    `scanner, one text      ${ours.toFixed(0).padStart(6)} MB/s   ${(ours / theirs).toFixed(1)} × the alternation`,
  );
  console.log(
    `scanner, 32 KiB texts  ${chunked.toFixed(0).padStart(6)} MB/s   ${(chunked / theirs).toFixed(1)} ×`,
  );
  console.log(
    `one V8 alternation     ${theirs.toFixed(1).padStart(6)} MB/s   1.0 ×   (goal ≥ 3 ×, floor ≥ 2 ×)`,
  );
  const slow: [string, number, number][] = [];
  for (const [name, hostile] of hostileTexts()) {
    const one = rate(hostile, (whole) => scanner.scan(whole));
    const half = rate(hostile.slice(0, MIB / 4), (whole) => scanner.scan(whole));
    slow.push([name, ours / one, half / one]);
  }
  slow.sort((a, b) => b[1] - a[1]);
  console.log(
    '\nhostile text, 1 MiB each: time per byte next to ordinary text (goal ≤ 3 ×, floor ≤ 8 ×), and next to a quarter of itself (1 = linear)',
  );
  for (const [name, times, growth] of slow.slice(0, 16)) {
    console.log(
      `${name.padEnd(20)} ${times.toFixed(2).padStart(6)} × ordinary   ${growth.toFixed(2).padStart(5)} × per byte from 256 KiB to 1 MiB`,
    );
  }
}

main();
