// GET /_rollcall/v1/moves: every change as it comes, for the administrator, as server-sent events of many changes each. Invariant:
// every `id` is a position behind exactly what was written before it; a reader that cannot be told everything is told `reset`
// and looks at the overview again. A reader that is slow is written to no faster than it reads.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { whenCalled } from '../delivery/feed.js';
import type { Gateway } from '../gateway.js';
import { RefusedRequest, refuseFor } from '../http/refused-request.js';
import { parameterOf, type Query } from '../http/request-reading.js';
import type { WhoAsks } from '../http/who-asks.js';
import type { Place } from '../waiting.js';
import type { LookingBack, OpenIndex } from './looking-back.js';
import { moveTold } from './move-text.js';

interface Watching {
  readonly request: FastifyRequest;
  readonly raw: ServerResponse;
  readonly place: Place;
  readonly index: OpenIndex;
}

const BUSY_RETRY_MS = 2_000;
const MOVES_PER_EVENT = 500;
/** What comes within so long is told together. */
const GATHER_MS = 80;
const POSITION = /^(.{1,80})_(\d{1,15})$/;

export function positionText({ name, changes }: OpenIndex): string {
  return `${name}_${String(changes.next)}`;
}

export class MovesDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly lookingBack: LookingBack,
  ) {}

  register(fastify: FastifyInstance): void {
    fastify.get('/_rollcall/v1/moves', { exposeHeadRoute: false }, (request, reply) => this.#open(request, reply));
  }

  async #open(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    await this.whoAsks.admin(request);
    const since = parameterOf(request.query as Query, 'since');
    const index = await this.lookingBack.index();
    const place = this.gateway.waiting.enter('!admin', Infinity);
    if (place === 'full') refuseFor(BUSY_RETRY_MS);
    reply.hijack();
    const release = this.lookingBack.hold();
    try {
      await this.#write({ request, raw: reply.raw, place, index }, since);
    } finally {
      release();
    }
    return reply;
  }

  async #write(watching: Watching, since: string | undefined): Promise<void> {
    const { raw, place, index } = watching;
    const end = (): void => {
      place.end('gone');
    };
    raw.once('close', end);
    index.closed.addEventListener('abort', end, { once: true });
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write(':\n\n');
    const cancel = this.#comment(watching);
    try {
      await this.#pour(watching, since);
    } finally {
      cancel();
      index.closed.removeEventListener('abort', end);
      place.leave();
      raw.end();
    }
  }

  async #pour(watching: Watching, since: string | undefined): Promise<void> {
    const { place, index } = watching;
    const { changes } = index;
    let position = since === undefined ? changes.next : positionIn(index, since);
    while (place.ended() === undefined) {
      if (position === undefined || position < changes.first) {
        position = changes.next;
        await writeOut(watching, `id: ${index.name}_${String(position)}\nevent: reset\ndata: {}\n\n`);
      }
      const { moves, next } = changes.movesFrom(position, MOVES_PER_EVENT);
      position = next;
      if (moves.length > 0) await writeOut(watching, eventOf(index, next, moves.map(moveTold)));
      if (next === changes.next) await whenCalled((listener) => changes.onApplied(listener), place.signal);
      if (moves.length < MOVES_PER_EVENT) await this.#gather(place);
    }
  }

  #gather({ signal }: Place): Promise<void> {
    const { clock } = this.gateway.options;
    return whenCalled((listener) => clock.wakeAt(clock.nowMs() + GATHER_MS, listener), signal);
  }

  /** A comment every so often, by which a page sees that the stream lives; and the moment to ask the token again. */
  #comment(watching: Watching): () => void {
    const { clock, journal } = this.gateway.options;
    let cancel = (): void => undefined;
    const later = (): void => {
      cancel = clock.wakeAt(clock.nowMs() + this.gateway.bounds.streamCommentMs, () => {
        if (!watching.raw.writableNeedDrain) watching.raw.write(':\n\n');
        this.#endWhenRefused(watching).catch((error: unknown) => {
          journal.error('a stream of changes could not ask its token again', { error });
        });
        later();
      });
    };
    later();
    return () => {
      cancel();
    };
  }

  async #endWhenRefused({ request, place }: Watching): Promise<void> {
    try {
      await this.whoAsks.admin(request);
    } catch (error) {
      if (error instanceof RefusedRequest) place.end('gone');
    }
  }
}

/** undefined: a position in another index, or none. */
function positionIn({ name, changes }: OpenIndex, since: string): number | undefined {
  const [, itsName, number] = POSITION.exec(since) ?? [];
  const position = Number(number);
  return itsName === name && position <= changes.next ? position : undefined;
}

function eventOf({ name }: OpenIndex, next: number, moves: readonly object[]): string {
  return `id: ${name}_${String(next)}\nevent: moves\ndata: ${JSON.stringify(moves)}\n\n`;
}

/** Resolves when the socket takes more, or the stream ends. */
async function writeOut({ raw, place }: Watching, text: string): Promise<void> {
  if (place.ended() !== undefined || raw.write(text)) return;
  await whenCalled((listener) => {
    raw.once('drain', listener);
    return () => raw.off('drain', listener);
  }, place.signal);
}
