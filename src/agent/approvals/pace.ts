// How often a store is looked at for answers: often at first, seldom when nobody hurries, at once never. Must never outlive its signal.

/** Milliseconds in a folder of this machine or its network. */
const FOLDER = 300;
const BUCKET = 1_000;
const SLOWEST = 5_000;
/** Within the first minute somebody sits and waits; every further one doubles the pause. */
const MINUTE = 60_000;

export function pauseFor(url: string, waited: number): number {
  if (url.startsWith('file:')) return FOLDER;
  return Math.min(SLOWEST, BUCKET * 2 ** Math.floor(waited / MINUTE));
}

/** Resolves after the pause, or at once when aborted. */
export function pace(url: string, waited: number, signal: AbortSignal): Promise<void> {
  return pause(pauseFor(url, waited), signal);
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
