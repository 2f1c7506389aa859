// A door that writes, with the trace context of who asks: theirs, or one that begins here where spans are exported. Invariant: a
// request that is not traced goes straight to its door.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Tracing } from '#libs/runtime';
import { traceparentOf } from './request-reading.js';

export type WritingDoor = (request: FastifyRequest, reply: FastifyReply, traceparent?: string) => Promise<string>;

export function traced(tracing: Tracing, name: string, door: WritingDoor) {
  return (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
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
