// Which process gets a signal while a client runs. Must give every listener back.

/** Signals that end a front; a client on the same terminal gets Ctrl-C from the kernel itself. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export type EndingSignal = (typeof ENDING)[number];

/** Takes these signals from whoever had them; the returned function gives them back. */
export function takeSignals(listener: (signal: EndingSignal) => void): () => void {
  const before = ENDING.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of ENDING) {
    process.removeAllListeners(signal);
    process.on(signal, listener);
  }
  return () => {
    for (const [signal, listeners] of before) {
      process.removeListener(signal, listener);
      for (const each of listeners) process.on(signal, each as NodeJS.SignalsListener);
    }
  };
}
