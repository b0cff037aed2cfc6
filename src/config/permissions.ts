// Files that decide who may do what must be writable by their owner alone. Looks; never changes.
import { stat } from 'node:fs/promises';

export interface Loose {
  readonly path: string;
  /** The command that mends it. */
  readonly mend: string;
}

/** Paths that group or others may write to; what cannot be looked at is left to whoever reads it. */
export async function loosePermissions(paths: readonly string[]): Promise<readonly Loose[]> {
  const looked = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined);
      return found && (found.mode & 0o022) !== 0
        ? [{ path, mend: `chmod go-w '${path.replaceAll("'", "'\\''")}'` }]
        : [];
    }),
  );
  return looked.flat();
}
