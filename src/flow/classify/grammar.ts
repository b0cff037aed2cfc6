// PostgreSQL's own grammar as a pure function. Must never answer with a tree it is not sure of.

import type { PgQueryInstance } from 'libpg-query/wasm/libpg-query.js';
import { sha256 } from '../../lib/digest.ts';
import { prepareWebAssembly } from '../../lib/wasm.ts';

/** Longest text that is parsed; anything longer is not understood. */
const MAX_BYTES = 8_388_608;
/** With the u flag only surrogates that are not part of a pair match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export interface RawStatement {
  /** `{ SelectStmt: { … } }` */
  readonly stmt: Readonly<Record<string, unknown>>;
  /** Byte range in the UTF-8 text. */
  readonly start: number;
  readonly end: number;
}

export type Parsed =
  | { readonly statements: readonly RawStatement[]; readonly error?: undefined }
  | { readonly error: string; readonly statements?: undefined };

interface RawResult {
  readonly stmts?: readonly {
    readonly stmt?: Readonly<Record<string, unknown>>;
    readonly stmt_location?: number;
    readonly stmt_len?: number;
  }[];
}

let instance: PgQueryInstance | undefined;
let loading: Promise<void> | undefined;

/** Makes the grammar ready. Until it is, and while it is being replaced, every text is unknown. */
export function loadGrammar(): Promise<void> {
  if (instance) return Promise.resolve();
  loading ??= (async () => {
    prepareWebAssembly();
    const { default: create } = await import('libpg-query/wasm/libpg-query.js');
    instance = await create();
    loading = undefined;
  })();
  return loading;
}

/**
 * An exception out of the instance leaves its stack pointer where it was: after a few of them the instance reads and
 * writes the wrong memory. It is never used again; a fresh one takes its place.
 */
function discard(): void {
  instance = undefined;
  loadGrammar().catch(() => undefined);
}

/** Why a text cannot even be handed to the grammar: it would read another text than the server. */
function unreadable(text: string, bytes: number): string | undefined {
  if (text.includes('\0')) return 'the text contains a NUL character';
  if (LONE_SURROGATE.test(text)) return 'the text is not well-formed Unicode';
  if (bytes > MAX_BYTES) return `the text is longer than ${MAX_BYTES} bytes`;
  return undefined;
}

function withText<T>(grammar: PgQueryInstance, text: string, bytes: number, use: (pointer: number) => T): T {
  const pointer = grammar._malloc(bytes + 1);
  grammar.stringToUTF8(text, pointer, bytes + 1);
  const result = use(pointer);
  grammar._free(pointer);
  return result;
}

/** PgQueryParseResult is three pointers: tree, stderr, error; PgQueryError starts with the message. */
function run(grammar: PgQueryInstance, pointer: number): { tree?: string; error?: string } {
  const result = grammar._wasm_parse_query_raw(pointer);
  if (result === 0) return { error: 'out of memory' };
  const [tree, , error] = [0, 4, 8].map((offset) => grammar.getValue(result + offset, 'i32'));
  let answer: { tree?: string; error?: string };
  if (error) answer = { error: grammar.UTF8ToString(grammar.getValue(error, 'i32')) };
  else answer = tree ? { tree: grammar.UTF8ToString(tree) } : { error: 'no tree' };
  grammar._wasm_free_parse_result(result);
  return answer;
}

function toStatements(tree: string, bytes: number): RawStatement[] {
  const { stmts = [] } = JSON.parse(tree) as RawResult;
  return stmts.map(({ stmt = {}, stmt_location: start = 0, stmt_len: length }) => ({
    stmt,
    start,
    end: length ? start + length : bytes,
  }));
}

export function parse(text: string): Parsed {
  if (text === '') return { statements: [] };
  const grammar = instance;
  if (!grammar) return { error: 'the grammar is not loaded' };
  const bytes = Buffer.byteLength(text);
  const reason = unreadable(text, bytes);
  if (reason !== undefined) return { error: reason };
  try {
    const { tree, error } = withText(grammar, text, bytes, (pointer) => run(grammar, pointer));
    return tree === undefined ? { error: error ?? 'no tree' } : { statements: toStatements(tree, bytes) };
  } catch {
    discard();
    return { error: 'the text is nested too deeply' };
  }
}

/** What is the same for statements that differ only in constants; SHA-256 where there is no tree. */
export function fingerprint(text: string, parsed: boolean): string {
  const grammar = instance;
  if (!parsed || !grammar || text === '') return sha256(text);
  try {
    const answer = withText(grammar, text, Buffer.byteLength(text), (pointer) => {
      const result = grammar._wasm_fingerprint(pointer);
      const read = grammar.UTF8ToString(result);
      grammar._wasm_free_string(result);
      return read;
    });
    return /^[0-9a-f]+$/.test(answer) ? answer : sha256(text);
  } catch {
    discard();
    return sha256(text);
  }
}
