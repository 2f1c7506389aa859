// Where the programs lie that benchmarks start: our own built mains, and the Java sources that Java runs as they are.
// Invariant: what is started is what an operator starts.
import { fileURLToPath } from 'node:url';

const built = (app: string): string => fileURLToPath(new URL(`../../../${app}/src/main.js`, import.meta.url));

export const PROGRAMS = {
  aggregator: built('aggregator'),
  fanout: built('fanout'),
  gateway: built('gateway'),
  standalone: built('standalone'),
  rollcall: built('history'),
} as const;

/** From dist/apps/simulator/src/processes to the checkout's apps/simulator/java. */
export const javaSource = (name: string): string =>
  fileURLToPath(new URL(`../../../../../apps/simulator/java/${name}.java`, import.meta.url));
