import { describe, expect, it } from 'vitest';
import { VtScreen } from '../../src/lib/vt-screen.ts';

function screen(text: string, columns = 10, rows = 4): VtScreen {
  const made = new VtScreen(columns, rows);
  made.write(text);
  return made;
}

describe('a terminal screen', () => {
  it.each([
    ['lines', 'one\r\ntwo', ['one', 'two', '', '']],
    ['wrapping at the last column', 'abcdefghijkl', ['abcdefghij', 'kl', '', '']],
    ['no line feed before there is more', 'abcdefghij\r\nx', ['abcdefghij', 'x', '', '']],
    ['scrolling', '1\r\n2\r\n3\r\n4\r\n5', ['2', '3', '4', '5']],
    ['cursor positions', '\u001b[2;3Hx\u001b[1;1Hy', ['y', '  x', '', '']],
    ['backspace and tabs', 'ab\bX\tz', ['aX      z', '', '', '']],
    ['erasing a line', 'hello\r\u001b[2Cx\u001b[K', ['hex', '', '', '']],
    ['erasing the screen', 'a\r\nb\u001b[2J', ['', '', '', '']],
    ['inserting and deleting characters', 'abcd\r\u001b[1C\u001b[2@XY\u001b[P', ['aXYcd', '', '', '']],
    [
      'inserting and deleting lines',
      '1\r\n2\r\n3\u001b[2;1H\u001b[Lx\u001b[3;1H\u001b[M',
      ['1', 'x', '3', ''],
    ],
    ['a scroll region', '\u001b[2;3r\u001b[3;1Ha\r\nb\r\nc', ['', 'b', 'c', '']],
    ['the alternate screen', 'main\u001b[?1049h\u001b[1;1Halt\u001b[?1049l', ['main', '', '', '']],
    ['wide characters', '漢字x', ['漢字x', '', '', '']],
    ['a sequence it does not know', 'a\u001b[99qb\u001b(Bc', ['abBc', '', '', '']],
  ])('does %s', (_, text, lines) => {
    expect(screen(text).lines()).toEqual(lines);
  });

  it('takes sequences cut at any place', () => {
    const text = 'a\u001b[31mb\u001b[2;2H\u001b[1mc\u001b[?25ld';
    for (let cut = 0; cut <= text.length; cut++) {
      const made = screen(text.slice(0, cut));
      made.write(text.slice(cut));
      expect(made.runs()).toEqual(screen(text).runs());
    }
  });

  it('tells style as words', () => {
    const [line] = screen(
      '\u001b[?25l\u001b[1;31ma\u001b[0m\u001b[38;5;200mb\u001b[48;2;1;2;3mc\u001b[39;49md\u001b[97me',
      6,
      1,
    ).runs();
    expect(line).toEqual([
      { text: 'a', style: 'bold f1' },
      { text: 'b', style: 'f200' },
      { text: 'c', style: 'f200 b#010203' },
      { text: 'd', style: '' },
      { text: 'e', style: 'f15' },
      { text: ' ', style: '' },
    ]);
  });

  it('keeps what fits when the terminal changes its size', () => {
    const made = screen('1\r\n2\r\n3\r\n4');
    made.resize(5, 2);
    expect(made.lines()).toEqual(['3', '4']);
    made.write('\r\nx');
    expect(made.lines()).toEqual(['4', 'x']);
  });

  it('is bounded, whatever it is told', () => {
    const made = new VtScreen(1e9, 1e9);
    expect([made.columns, made.rows]).toEqual([500, 200]);
    made.write('\u001b[9999;9999H\u001b[9999@\u001b[9999L\u001b[9999S\u001b[9999Px');
    expect(made.lines().length).toBe(200);
    expect(made.runs().every((line) => line.reduce((sum, { text }) => sum + text.length, 0) <= 500)).toBe(
      true,
    );
  });

  it('stands on its own: its text can be run elsewhere', () => {
    const Made = new Function(`return ${VtScreen.toString()}`)() as typeof VtScreen;
    const made = new Made(5, 1);
    made.write('ok\u001b[1m!');
    expect(made.lines()).toEqual(['ok!']);
  });
});
