// A thread of this process that does jobs on a log of its own, as whoever asks it sees it. Invariant: what goes in and out is plain
// data, copied on the way. It stands apart so that commands and tests know nothing of worker threads.

/** What is asked of a thread, one at a time. */
export interface Job {
  readonly kind: 'verify' | 'what-if' | 'as-of';
  /** Beside the log and the topics. */
  readonly options: object;
}

export type Answer =
  | { readonly progress: readonly number[] }
  | { readonly result: unknown }
  | { readonly failure: { readonly text: string; readonly exitCode: number } };

/** After the last job: the thread closes its log and ends. */
export const NO_MORE = 'no more';

/** The part of node's Worker that is used. */
export interface JobThread {
  postMessage(message: Job | typeof NO_MORE): void;
  on(event: 'message', listener: (answer: Answer) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<number>;
}
