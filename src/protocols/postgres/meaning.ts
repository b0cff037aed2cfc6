// Keeps what a text means to the server what it meant when it was judged: code that runs earlier in a pipeline could
// change how texts are read and rows are encoded, and the server would say so only at its end. Must never guess.
import { isAscii, isUtf8 } from 'node:buffer';
import type { Judged } from '../../flow/conversation.ts';
import { BrokerError } from '../../model/errors.ts';
import type { Link } from './link.ts';
import { violation } from './messages.ts';

const BACKSLASH = 0x5c;
const STRINGS = 'SET standard_conforming_strings TO on';
const ENCODING = "SET client_encoding TO 'UTF8'";

/** The text as the server will read it: UTF-8, ended by the only zero byte. */
export function readText(buffer: Buffer, start: number, end: number): string {
  if (!isUtf8(buffer.subarray(start, end)))
    throw violation('client', 'a statement that is not UTF-8, which was agreed on');
  return buffer.toString('utf8', start, end);
}

/** What the server could read otherwise under other settings: backslashes in strings, characters beyond ASCII. */
export function doubtful(buffer: Buffer, start: number, end: number): readonly string[] {
  const text = buffer.subarray(start, end);
  const settings = text.includes(BACKSLASH) ? [STRINGS] : [];
  return isAscii(text) ? settings : [...settings, ENCODING];
}

/** Values that keep our reading and the server's the same. */
const KEPT: Readonly<Record<string, RegExp>> = {
  client_encoding: /^(utf-?8|unicode)$/i,
  standard_conforming_strings: /^(on|true|yes|1)$/i,
};

interface SetTree {
  readonly VariableSetStmt?: {
    readonly name?: string;
    readonly args?: readonly { readonly A_Const?: { readonly sval?: { readonly sval?: string } } }[];
  };
}

/** A SET after which the server would read texts otherwise than we do. It is refused before the server hears of it. */
export function otherMeaning(judged: Judged): BrokerError | undefined {
  for (const { tree } of judged.classification.units) {
    const { name = '', args } = (tree as SetTree | undefined)?.VariableSetStmt ?? {};
    const kept = Object.hasOwn(KEPT, name) ? KEPT[name] : undefined;
    const value = args?.[0]?.A_Const?.sval?.sval;
    if (!kept || !args || (value !== undefined && kept.test(value))) continue;
    return new BrokerError('unsupported', {
      what: `${name} = ${value ?? '…'}`,
      mend: `leave ${name} as it is`,
    });
  }
  return undefined;
}

export function copiesOut(judged: Judged): boolean {
  return judged.classification.units.some(({ copy }) => copy?.direction === 'out');
}

/** A portal of COPY … TO STDOUT finds its values by their bytes: in another encoding they lie elsewhere. */
export function steadyCopy(link: Link, judged: Judged): void {
  if (copiesOut(judged)) steady(link, [ENCODING]);
}

/** Sets the settings anew before what is sent next, where something of this group may have changed them. */
export function steady(link: Link, settings: readonly string[]): void {
  if (link.ran !== link.group) return;
  for (const setting of settings) link.hidden(setting);
}
