import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EchoObserver, UNSEEN } from '../../src/front/echo.ts';

function observe(): { lines: string[]; observer: EchoObserver } {
  const lines: string[] = [];
  return { lines, observer: new EchoObserver((text) => lines.push(text)) };
}

describe('input is recorded only when it was echoed', () => {
  it('keeps a line that comes back character by character', () => {
    const { lines, observer } = observe();
    for (const key of 'select 1;') {
      observer.typed(key, 0);
      observer.wrote(key, 1);
    }
    observer.typed('\r', 2);
    observer.wrote('\r\n 1\r\n', 3);
    expect(lines).toEqual(['select 1;']);
  });

  it('keeps a pasted line that comes back in pieces, with a line editor moving about', () => {
    const { lines, observer } = observe();
    observer.typed('\x1b[200~select 1;\x1b[201~\r', 0);
    observer.wrote('\x1b[?2004lsel', 1);
    observer.wrote('\x1b[1Cect 1;', 2);
    observer.wrote('\r\n', 3);
    expect(lines).toEqual(['select 1;']);
  });

  it('drops a password, and says only that keys were pressed', () => {
    const { lines, observer } = observe();
    for (const key of 'hunter2') observer.typed(key, 0);
    observer.typed('\r', 1);
    observer.wrote('\r\nhunter2 was accepted', 2);
    expect(lines).toEqual([UNSEEN]);
  });

  it('drops a password whose keys come back as stars', () => {
    const { lines, observer } = observe();
    for (const key of 'hunter2') {
      observer.typed(key, 0);
      observer.wrote('*', 1);
    }
    observer.typed('\r', 1);
    expect(lines).toEqual([UNSEEN]);
  });

  it('drops the rest of a line once one character was not echoed', () => {
    const { lines, observer } = observe();
    observer.typed('a', 0);
    observer.wrote('a', 1);
    observer.typed('b', 2);
    observer.expire(1000);
    observer.typed('c', 1001);
    observer.wrote('c', 1002);
    observer.typed('\r', 1003);
    expect(lines).toEqual([`a${UNSEEN}`]);
  });

  it('does not take an echo that is late for one', () => {
    const { lines, observer } = observe();
    observer.typed('s3cret', 0);
    observer.wrote('s3cret', 5000);
    observer.typed('\r', 5001);
    expect(lines).toEqual([UNSEEN]);
  });

  it('starts afresh with the next line', () => {
    const { lines, observer } = observe();
    observer.typed('pw\r', 0);
    observer.wrote('\r\n', 1);
    observer.typed('x', 2);
    observer.wrote('x', 3);
    observer.typed('\r', 4);
    expect(lines).toEqual([UNSEEN, 'x']);
  });

  it('never keeps anything while nothing is written back, whatever is typed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat(400))), (typed) => {
        const { lines, observer } = observe();
        let now = 0;
        for (const [text, pause] of typed) {
          observer.typed(text, now);
          now += pause;
        }
        observer.close();
        expect(lines.join('').replaceAll(UNSEEN, '')).toBe('');
      }),
    );
  });

  it('never keeps what was not written back, whatever is typed and written', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '*', '\x1b[C') });
    fc.assert(
      fc.property(fc.array(fc.tuple(letters, letters)), (steps) => {
        const { lines, observer } = observe();
        let written = '';
        for (const [typed, wrote] of steps) {
          observer.typed(typed, 0);
          observer.wrote(wrote, 0);
          written += wrote;
        }
        observer.close();
        const count = (text: string, letter: string) => text.split(letter).length;
        for (const letter of ['a', 'b'])
          expect(count(lines.join(''), letter)).toBeLessThanOrEqual(count(written, letter));
      }),
    );
  });
});
