// Signals that end a process. Invariant: Ctrl-C reaches everything on the terminal, and npm hands it on to its script once more: that
// is one signal, not two.

const SAME_SIGNAL_MS = 1_000;
const ENDED_BY_A_SECOND = 1;

/** Calls `tell` at the first signal. One that comes a second or more after it ends the process at once, with exit code 1. */
export function onEndingSignal(signals: readonly NodeJS.Signals[], tell: (signal: NodeJS.Signals) => void): void {
  let toldMs: number | undefined;
  const heed = (signal: NodeJS.Signals): void => {
    if (toldMs === undefined) {
      toldMs = performance.now();
      tell(signal);
    } else if (performance.now() - toldMs >= SAME_SIGNAL_MS) {
      process.exit(ENDED_BY_A_SECOND);
    }
  };
  for (const signal of signals) process.on(signal, heed);
}
