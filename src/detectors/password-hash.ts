// Hashed passwords, by the marks with which crypt(3), frameworks and databases begin them. A digest without a mark is left alone.
import { beginsWord, isWord } from './characters.ts';
import type { AnchoredDetector } from './detector.ts';

const B64 = '[./A-Za-z0-9]';
const BASE64 = '[A-Za-z0-9+/]';

/** Longest there is: Argon2 and scrypt with generous parameters. */
const LONGEST = 400;

/** By how each begins. crypt(5); PHC string format; RFC 5803; the manuals of the databases and frameworks that are named. */
const SHAPES: readonly (readonly [anchors: readonly string[], shape: string])[] = [
  // bcrypt
  [['$2a$', '$2b$', '$2x$', '$2y$', '$2$'], `\\$2[abxy]?\\$\\d\\d\\$${B64}{53}`],
  // md5crypt, also of Apache; sha256crypt, sha512crypt
  [['$1$', '$apr1$'], `\\$(?:1|apr1)\\$${B64}{0,8}\\$${B64}{22}`],
  [['$5$'], `\\$5\\$(?:rounds=\\d{1,9}\\$)?[^$:\\s]{0,16}\\$${B64}{43}`],
  [['$6$'], `\\$6\\$(?:rounds=\\d{1,9}\\$)?[^$:\\s]{0,16}\\$${B64}{86}`],
  // yescrypt, gost-yescrypt, scrypt
  [['$y$', '$gy$', '$7$'], `\\$(?:y|gy|7)\\$${B64}{1,86}\\$(?:${B64}{1,86}\\$)?${B64}{43}`],
  [
    ['$argon2'],
    `\\$argon2(?:id|i|d)\\$(?:v=\\d{1,3}\\$)?[a-z=,0-9]{5,64}\\$${BASE64}{8,128}\\$${BASE64}{16,172}`,
  ],
  [
    ['$scrypt$', '$pbkdf2', '$bcrypt-sha256$'],
    `\\$(?:scrypt|pbkdf2(?:-[a-z0-9]{3,8})?|bcrypt-sha256)\\$[\\w=,./$+-]{24,300}`,
  ],
  // phpass, Drupal
  [['$P$', '$H$'], `\\$[PH]\\$${B64}{31}`],
  [['$S$'], `\\$S\\$${B64}{52}`],
  // Django
  [
    ['pbkdf2_sha', 'scrypt$', 'bcrypt_sha256$', 'argon2$'],
    `(?:pbkdf2_sha(?:1|256)\\$\\d{1,9}\\$[^$\\s]{1,64}\\$${BASE64}{27,64}={0,2}|scrypt\\$[^$\\s]{1,64}\\$\\d{1,9}\\$\\d{1,4}\\$\\d{1,4}\\$${BASE64}{40,128}={0,2}|bcrypt_sha256\\$\\$2[aby]\\$\\d\\d\\$${B64}{53}|argon2\\$argon2(?:id|i|d)\\$[\\w=,+/$]{32,300})`,
  ],
  // Werkzeug
  [
    ['pbkdf2:sha', 'scrypt:'],
    `(?:pbkdf2:sha\\d{1,3}(?::\\d{1,9})?|scrypt:\\d{1,9}:\\d{1,4}:\\d{1,4})\\$[^$\\s]{1,64}\\$[0-9a-f]{40,128}`,
  ],
  // PostgreSQL and MongoDB (RFC 5803), MySQL
  [
    ['scram-sha-'],
    `SCRAM-SHA-(?:1|256)\\$\\d{1,9}:${BASE64}{8,64}={0,2}\\$${BASE64}{27,44}={0,2}:${BASE64}{27,44}={0,2}`,
  ],
  [['$a$005$'], '\\$A\\$005\\$[\\x20-\\x7e]{20,63}'],
  // LDAP (RFC 2307)
  [
    ['{ssha', '{sha', '{smd5}', '{md5}', '{crypt}'],
    `\\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT)\\}[./A-Za-z0-9+$]{20,172}={0,2}`,
  ],
];

const READERS = new Map(
  SHAPES.flatMap(([anchors, shape]) => {
    const reader = new RegExp(shape, 'iy');
    return anchors.map((anchor) => [anchor.toLowerCase(), reader] as const);
  }),
);

/** Longest first, so that `$2a$` is not read as `$2$`. */
const ANCHORS = [...READERS.keys()].sort((a, b) => b.length - a.length);

export const passwordHash: AnchoredDetector = {
  kind: 'anchored',
  type: 'password-hash',
  summary: 'hashed passwords: bcrypt, crypt(3), Argon2, scrypt, PBKDF2, SCRAM, LDAP',
  byDefault: true,
  rank: 88,
  anchors: ANCHORS,
  ignoreCase: true,
  match(text, at) {
    const marked = text[at] === '$' || text[at] === '{';
    if (!marked && !beginsWord(text, at)) return undefined;
    const head = text.slice(at, at + LONGEST);
    const lower = head.slice(0, 16).toLowerCase();
    for (const anchor of ANCHORS) {
      if (!lower.startsWith(anchor)) continue;
      const reader = READERS.get(anchor);
      if (reader === undefined) continue;
      reader.lastIndex = 0;
      if (!reader.test(head)) continue;
      const end = reader.lastIndex;
      if (!isWord(head.charCodeAt(end))) return { start: at, end: at + end };
    }
    return undefined;
  },
};
