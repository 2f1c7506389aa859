// Signals that end a process. Invariant: Ctrl-C reaches everything on the terminal, and npm hands it on to its script once more: that
// is one signal, not two.

const SAME_SIGNAL_MS = 1_000;
const ENDED_BY_A_SECOND = 1;

/** Calls `tell` at the first signal. One that comes a second or more after it ends the process at once, with exit code 1. However long `tell` takes: what came meanwhile is heard before that second one is waited for. */
export function onEndingSignal(signals: readonly NodeJS.Signals[], tell: (signal: NodeJS.Signals) => void): void {
  let isTold = false;
  let endsAtOnce = false;
  const heed = (signal: NodeJS.Signals): void => {
    if (endsAtOnce) process.exit(ENDED_BY_A_SECOND);
    if (isTold) return;
    isTold = true;
    tell(signal);
    // Twice: signals are heard between the two.
    const arm = (): void => void setTimeout(() => (endsAtOnce = true), 0).unref();
    setTimeout(arm, SAME_SIGNAL_MS).unref();
  };
  for (const signal of signals) process.on(signal, heed);
}
