// Which arguments of which tool a remote server wants repeated in headers (`x-mcp-header`). Must never let a definition pass that says it wrongly.
import {
  encode,
  isMembers,
  type Members,
  type Mirrored,
  mirroredArguments,
  type Response,
} from '../../../protocols/mcp/index.ts';

const MOST_TOOLS = 4096;

export class ToolHeaders {
  readonly #tools = new Map<string, readonly Mirrored[]>();
  readonly #say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  of(tool: unknown): readonly Mirrored[] {
    return this.#tools.get(String(tool)) ?? [];
  }

  /** Takes note of a page of tools; what goes on in its place when one of them cannot. */
  see({ value, result }: Response): Buffer | undefined {
    const page = result?.['tools'];
    if (!result || !Array.isArray(page)) return undefined;
    const kept = page.filter((tool) => !isMembers(tool) || this.#take(tool));
    return kept.length === page.length ? undefined : encode({ ...value, result: { ...result, tools: kept } });
  }

  #take({ name, inputSchema }: Members): boolean {
    const mirrored = mirroredArguments(inputSchema);
    if (typeof mirrored === 'string') {
      this.#say(`the tool ${String(name)} is left out: ${mirrored}`);
      return false;
    }
    if (mirrored.length > 0 && this.#tools.size < MOST_TOOLS) this.#tools.set(String(name), mirrored);
    else this.#tools.delete(String(name));
    return true;
  }
}
