// Reads one YAML file into plain data that remembers where every value stood. Must never resolve a bomb or guess a type.
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Problem } from '../model/config.ts';

/** Largest configuration file that is read, in characters. */
const MAX_LENGTH = 1_048_576;

export interface YamlFile {
  readonly value: unknown;
  /** Dotted path → `file:line:column`. */
  readonly places: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

class Reader {
  readonly places = new Map<string, string>();
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  read(text: string): unknown {
    if (text.length > MAX_LENGTH) {
      this.#problem(0, '', `the file is larger than ${MAX_LENGTH} characters`);
      return {};
    }
    const document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, prettyErrors: false });
    for (const { pos, message } of [...document.errors, ...document.warnings])
      this.#problem(pos[0], '', message);
    const { contents } = document;
    const empty = contents === null || (isScalar(contents) && contents.value === null);
    if (this.problems.length === 0 && !empty && !isMap(contents))
      this.#problem(contents.range?.[0] ?? 0, '', 'must be settings, each as `name: value`');
    return this.problems.length > 0 || empty ? {} : this.#plain(contents, []);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  }

  #problem(offset: number, path: string, reason: string): void {
    this.problems.push({ place: this.#place(offset), path, reason });
  }

  #note(path: readonly string[], node: Node): void {
    if (node.range) this.places.set(path.join('.'), this.#place(node.range[0]));
  }

  /** The same data without YAML's own types. */
  #plain(node: unknown, path: readonly string[]): unknown {
    if (isAlias(node)) this.#problem(node.range?.[0] ?? 0, path.join('.'), 'aliases are not allowed');
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): [string, unknown] => {
        const name = String(isScalar(key) ? key.value : key);
        const below = [...path, name];
        if (isScalar(key)) this.#note(below, key);
        return [name, this.#plain(value, below)];
      });
      return Object.fromEntries(entries);
    }
    if (isSeq(node))
      return node.items.map((item, index) => {
        const below = [...path, String(index)];
        if (isScalar(item) || isMap(item)) this.#note(below, item);
        return this.#plain(item, below);
      });
    return isScalar(node) ? node.value : null;
  }
}

export function readYaml(file: string, text: string): YamlFile {
  const reader = new Reader(file);
  const value = reader.read(text);
  return { value, places: reader.places, problems: reader.problems };
}
