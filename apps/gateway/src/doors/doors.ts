// All doors that are plain Fastify routes: the hot ones (status, sync), and those whose body or answer is no JSON object. Nest's
// pipeline (guards, pipes, interceptors, serialising) would cost them more than their work. Invariant: none answers before
// the views have been read once, and every failure goes to the same error handler as Nest's controllers'.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Filters } from '../filters.js';
import type { Gateway } from '../gateway.js';
import { HotLane } from '../http/hot-lane.js';
import { refuseForNow } from '../http/refused-request.js';
import { RequestCounts } from '../http/request-counts.js';
import { HomeserverDoors } from '../homeserver/homeserver-doors.js';
import type { WhoAsks } from '../http/who-asks.js';
import { LinesDoor } from './lines-door.js';
import { OverrideDoor } from './override-door.js';
import { PresenceDoor } from './presence-door.js';
import { StreamDoor } from './stream-door.js';
import { SyncDoor } from './sync-door.js';

const LOOK_MS = 20;
const LONGEST_START_MS = 5_000;
const UNKNOWN_DOOR = 'none';

export class Doors {
  #behind: HomeserverDoors | undefined;
  readonly #counts: RequestCounts;

  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly filters: Filters,
  ) {
    this.#counts = new RequestCounts(gateway.meters.requests);
  }

  register(fastify: FastifyInstance): void {
    const { gateway, whoAsks, filters } = this;
    const { homeserver } = gateway.options;
    // In front of a homeserver its requests are not kept waiting for views of ours.
    const behind = homeserver === undefined ? undefined : new HomeserverDoors(gateway, filters, homeserver);
    this.#behind = behind;
    behind?.register(fastify);
    fastify.addHook('onRequest', (request, reply, done) => {
      if (gateway.complaint() === undefined || !needsViews(request, behind !== undefined)) done();
      else
        this.#whenReady().then(
          () => {
            done();
          },
          (error: unknown) => {
            done(error as Error);
          },
        );
    });
    fastify.addHook('onResponse', (request, reply, done) => {
      this.#counts.count(request.routeOptions.url ?? UNKNOWN_DOOR, reply.statusCode);
      done();
    });
    const presence = new PresenceDoor(gateway, whoAsks);
    for (const door of [presence, new OverrideDoor(gateway, whoAsks), new LinesDoor(gateway, whoAsks)])
      door.register(fastify);
    new StreamDoor(gateway, whoAsks, filters).register(fastify);
    const sync = behind === undefined ? new SyncDoor(gateway, whoAsks, filters) : undefined;
    sync?.register(fastify);
    new HotLane({
      routes: [...presence.hotRoutes(), ...(sync?.hotRoutes() ?? [])],
      isOpen: () => gateway.complaint() === undefined,
      counts: this.#counts,
      onUnexpected: (error) => {
        gateway.options.journal.error('a request failed', { error });
      },
    }).attach(fastify.server);
  }

  close(): void {
    this.#behind?.close();
  }

  /** A start takes moments: whoever comes in them waits, rather than being told of nobody. */
  async #whenReady(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LONGEST_START_MS; waitedMs += LOOK_MS) {
      if (this.gateway.complaint() === undefined) return;
      await sleep(LOOK_MS);
    }
    refuseForNow('The server is starting');
  }
}

/** In front of a homeserver its answers go on without our views. */
function needsViews({ raw: { url = '' } }: FastifyRequest, isBehind: boolean): boolean {
  const matrix = isBehind ? /^\/_matrix\/client\/(v3|r0)\/presence\// : /^\/_matrix\//;
  return matrix.test(url) || url.startsWith('/_rollcall/');
}
