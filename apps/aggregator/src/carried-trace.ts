// The trace context of the input being taken, carried onto what it causes. Invariant: a timer's change carries none, and of a
// state, which is written once a batch, the latest cause counts. Where no input carries any, it costs one store an input.
import { readTraceparent, tracedHeaders, TRACEPARENT } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';

/** What goes on of a trace context, a step further; told of the input's time, milliseconds. */
export type TraceStep = (traceparent: string, atMs: number) => string;

export class CarriedTrace {
  /** Of the input being taken; undefined = it has none, or a timer is being fired. */
  #headers: LogRecord['headers'];
  /** What goes on of it: found out when something is written, once for an input, however many changes it makes. */
  #onward: { readonly traceparent: string | undefined } | undefined;
  /** Of users whose states are written when the batch ends. */
  readonly #ofStates = new Map<number, string>();

  constructor(private readonly step: TraceStep = (traceparent) => traceparent) {}

  take(headers: LogRecord['headers']): void {
    this.#headers = headers;
    if (headers !== undefined) this.#onward = undefined;
  }

  /** For the change of a user by the input being taken, or by a timer that came before it. */
  ofChange(id: number, cause: 'input' | 'timer', atMs: number): { readonly traceparent: string } | undefined {
    const traceparent = cause === 'timer' || this.#headers === undefined ? undefined : this.#next(atMs);
    this.#note(id, traceparent);
    return tracedHeaders(traceparent);
  }

  /** A state will be written of the user though no change was told. */
  touched(id: number, atMs: number): void {
    if (this.#headers !== undefined) this.#note(id, this.#next(atMs));
  }

  ofState(id: number): { readonly traceparent: string } | undefined {
    return this.#ofStates.size === 0 ? undefined : tracedHeaders(this.#ofStates.get(id));
  }

  endBatch(): void {
    if (this.#ofStates.size > 0) this.#ofStates.clear();
  }

  #note(id: number, traceparent: string | undefined): void {
    if (traceparent !== undefined) this.#ofStates.set(id, traceparent);
    else if (this.#ofStates.size > 0) this.#ofStates.delete(id);
  }

  #next(atMs: number): string | undefined {
    if (this.#onward === undefined) {
      const traceparent = readTraceparent(this.#headers?.[TRACEPARENT]);
      this.#onward = { traceparent: traceparent === undefined ? undefined : this.step(traceparent, atMs) };
    }
    return this.#onward.traceparent;
  }
}
