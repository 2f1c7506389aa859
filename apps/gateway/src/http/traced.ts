// A door that writes, with the trace context of who asks: theirs, or one that begins here where spans are exported. Invariant: a
// request that is not traced goes straight to its door.
import type { Tracing } from '#libs/runtime';
import { traceparentOf, type Asking } from './request-reading.js';

/** `R`: what it answers with. */
export type WritingDoor<A, R> = (request: A, reply: R, traceparent?: string) => Promise<string>;

export function traced<A extends Pick<Asking, 'headers'>, R>(
  tracing: Tracing,
  name: string,
  door: WritingDoor<A, R>,
): (request: A, reply: R) => Promise<string> {
  return (request, reply) => {
    const entered = tracing.enter(name, traceparentOf(request));
    if (entered === undefined) return door(request, reply);
    const answered = door(request, reply, entered.traceparent);
    answered.then(
      () => {
        entered.end('answered');
      },
      () => {
        entered.end('failed');
      },
    );
    return answered;
  };
}
