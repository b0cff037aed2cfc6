import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openWriter } from '../../src/front/formats.ts';
import { TextQuery } from '../../src/front/text-query.ts';

/** A reader of our output that takes nothing until it is told to. */
class SlowReader extends EventEmitter {
  readonly taken: string[] = [];
  write(piece: string): boolean {
    this.taken.push(piece);
    return false;
  }
}

describe('a query whose reader is slow', () => {
  it('holds the server up once, whatever had arrived before, and goes on when there is room', () => {
    const out = new SlowReader();
    const said: string[] = [];
    const wire = {
      stream: { pause: () => void said.push('pause'), resume: () => void said.push('resume') },
      query: () => undefined,
      sendCopyFail: () => undefined,
    };
    const query = new TextQuery('select 1', openWriter('csv', false), out as unknown as Writable);
    query.submit(wire);
    query.handleRowDescription({ fields: [{ name: 'n', dataTypeID: 23 }] });
    for (let row = 0; row < 50; row++) query.handleDataRow({ fields: [String(row)] });
    expect(out.listenerCount('drain')).toBe(1);
    expect(said).toEqual(['pause']);
    out.emit('drain');
    expect(said).toEqual(['pause', 'resume']);
    query.handleDataRow({ fields: ['50'] });
    expect(said).toEqual(['pause', 'resume', 'pause']);
    expect(out.taken.join('')).toContain('50');
  });
});
