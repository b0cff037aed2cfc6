// Whatever a recording holds, only drawing reaches the auditor's terminal.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TerminalSanitiser } from '../../src/lib/terminal.ts';

const safe = (...pieces: string[]): string => {
  const sanitiser = new TerminalSanitiser();
  return pieces.map((piece) => sanitiser.push(piece)).join('');
};

/** All that may ever come out: text, four controls, and the listed sequences. */
const ALLOWED =
  /^(?:[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|[\b\t\n\r]|\x1b\[[\d;:]*m|\x1b\[\d*(?:;\d*)?[@A-MPSTXZ`adefr]|\x1b\[\?(?:1|7|25|1049)[hl]|\x1b[78DEM])*$/u;

describe('the terminal sanitiser', () => {
  it.each([
    ['plain text, tabs and line ends', 'a\tb\r\nc\bd', 'a\tb\r\nc\bd'],
    ['colours', '\x1b[1;38;5;208mx\x1b[0m', '\x1b[1;38;5;208mx\x1b[0m'],
    ['cursor and erase', '\x1b[2J\x1b[H\x1b[10;20Hx\x1b[K', '\x1b[2J\x1b[H\x1b[10;20Hx\x1b[K'],
    ['scroll region and scrolling', '\x1b[2;10r\x1bM\x1b[3S', '\x1b[2;10r\x1bM\x1b[3S'],
    ['the alternate screen and the cursor', '\x1b[?1049h\x1b[?25l', '\x1b[?1049h\x1b[?25l'],
  ])('passes %s', (_name, text, want) => {
    expect(safe(text)).toBe(want);
  });

  it.each([
    ['a window title', 'a\x1b]0;evil\x07b', 'ab'],
    ['a title ended by ST', 'a\x1b]2;evil\x1b\\b', 'ab'],
    ['a clipboard write', '\x1b]52;c;ZXZpbA==\x07b', 'b'],
    ['a hyperlink, but not its text', '\x1b]8;;http://evil\x07here\x1b]8;;\x07', 'here'],
    ['device control, APC, PM and SOS', '\x1bPq#0\x1b\\\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\b', 'b'],
    ['device queries', '\x1b[6n\x1b[c\x1b[>c\x1b[5n\x1bZ\x05b', 'b'],
    ['key and mouse modes', '\x1b[?1000h\x1b[?2004h\x1b[4h\x1b[>4;2mb', 'b'],
    ['a reset', '\x1bc\x1b[!pb', 'b'],
    ['window manipulation', '\x1b[8;999;999tb', 'b'],
    ['erasing the scrollback', '\x1b[3Jb', 'b'],
    ['repeating a character', 'a\x1b[999999999bb', 'ab'],
    ['bells and shifts', '\x07\x0e\x0f\x00b', 'b'],
    ['C1 controls', '\x9b31m\x9d0;evil\x9c\x90q\x9c\x85b', '\x1b[31mb'],
    ['character sets', '\x1b(0\x1b)Bb', 'b'],
    ['parameters without end', `\x1b[${'1;'.repeat(5000)}mb`, 'b'],
    ['wild counts, which are clamped', '\x1b[99999999Ab', '\x1b[9999Ab'],
  ])('drops %s', (_name, text, want) => {
    expect(safe(text)).toBe(want);
  });

  it('shows what would reorder or hide text', () => {
    expect(safe('a\u202eb\u2066c\u200bd\u2028')).toBe('a\\u{202e}b\\u{2066}c\\u{200b}d\\u{2028}');
    expect(safe('x\ud800y')).toBe('x\ufffdy');
  });

  it('shows text again behind a string that never ends', () => {
    const out = safe(`\x1b]0;${'x'.repeat(70_000)}`, 'visible');
    expect(out.endsWith('visible')).toBe(true);
    expect(out.length).toBeLessThan(5000);
  });

  it('treats a sequence the same wherever it is cut', () => {
    const text = 'a\x1b[1;31mb\x1b]0;t\x1b\\c\x1b[?25l\x1b[6nd\x1bPx\x1b[2Ke\u202ef😀';
    for (let cut = 0; cut <= text.length; cut += 1) {
      if (cut === text.length - 1) continue;
      expect(safe(text.slice(0, cut), text.slice(cut))).toBe(safe(text));
    }
    expect(safe(...text.slice(0, -2))).toBe(safe(text.slice(0, -2)));
  });

  it('takes back what was changed, and nothing else', () => {
    const sanitiser = new TerminalSanitiser();
    sanitiser.push('\x1b[31mx\x1b[?25l\x1b[?1049h\x1b[2;5r');
    expect(sanitiser.end()).toBe('\x1b[0m\x1b[?25h\x1b[?1049l\x1b7\x1b[r\x1b8');
    expect(sanitiser.end()).toBe('');
    sanitiser.push('\x1b[31mx\x1b[0m\x1b[?25l\x1b[?25h');
    expect(sanitiser.end()).toBe('');
  });

  it('lets nothing out that is not on the list, whatever comes in', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x9b',
        '\x1bP',
        '\x07',
        '\x1b\\',
        '?',
        '1049',
        ';',
        'h',
        'm',
        '>',
        'n',
        ' ',
        'q',
        '\x18',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(safe(...pieces)).toMatch(ALLOWED);
      }),
      { numRuns: 500 },
    );
  });
});
