// Requests of ours that are not over, on disk, so that an agent that dies leaves nothing open for ever. Holds no text of any statement.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeAtomic } from '../../lib/atomic-file.ts';
import { sameProcess } from '../../lib/process.ts';
import { APPROVAL_ID } from '../../model/approval-key.ts';
import { hasCode } from '../fault.ts';
import { thisProcess } from '../meta.ts';
import type { Address } from './ports.ts';

/** What is needed to end a request, or to keep a window, without the agent that made it. */
export interface Note {
  readonly version: 1;
  readonly id: string;
  readonly day: string;
  /** SHA-256 hex of the request file. */
  readonly request: string;
  readonly store: Address;
  readonly requester: { readonly iss: string; readonly sub: string };
  readonly agent: { readonly pid: number; readonly start: string };
  /** A window's: nobody holds a connection open for it. */
  readonly window?: {
    readonly connection: string;
    readonly stay: boolean;
    /** Whose configuration and policy it was asked under. */
    readonly caller: { readonly cwd: string; readonly home: string };
    /** RFC 3339; once it is open, what made it so and until when it lasts. */
    readonly opened?: string;
    readonly ends?: string;
    readonly consumed?: string;
  };
}

export class Notes {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(note: Omit<Note, 'version' | 'agent'>): Promise<void> {
    await makeFolder(this.#folder);
    await writeAtomic(this.#path(note.id), JSON.stringify({ ...note, version: 1, agent: thisProcess() }));
  }

  async forget(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /** What agents that are gone left, oldest first. */
  async left(): Promise<readonly Note[]> {
    const notes: Note[] = [];
    for (const name of await this.#names()) {
      const note = await this.#read(name);
      if (note && !sameProcess(note.agent.pid, note.agent.start)) notes.push(note);
    }
    return notes;
  }

  async #names(): Promise<string[]> {
    try {
      const names = await readdir(this.#folder);
      return names.filter((name) => name.endsWith('.json') && APPROVAL_ID.test(name.slice(0, -5))).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async #read(name: string): Promise<Note | undefined> {
    try {
      const note = JSON.parse(await readFile(join(this.#folder, name), 'utf8')) as Note;
      return note.version === 1 && `${note.id}.json` === name ? note : undefined;
    } catch {
      return undefined;
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
