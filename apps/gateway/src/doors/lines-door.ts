// The administrator's doors: NDJSON of memberships, rooms, activity and commands. Invariant: a good line is durable and in this
// gateway's views (within a bounded wait) when the answer comes; a bad one is reported with its number, written nowhere, and
// refuses nobody else.
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LINE_READERS, type LineTopic } from '#libs/contracts';
import type { Appended, NewRecord } from '#libs/event-log';
import type { Gateway } from '../gateway.js';
import { bodyText } from '../http/request-reading.js';
import type { WhoAsks } from '../http/who-asks.js';
import { json } from './presence-door.js';

interface BadLine {
  readonly line: number;
  readonly error: string;
}

const LINES_PER_TURN = 1_000;
/** More are counted, not listed: the answer stays bounded. */
const MAX_LISTED = 10_000;

export class LinesDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
  ) {}

  register(fastify: FastifyInstance): void {
    for (const topic of ['memberships', 'rooms', 'activity', 'commands'] as const) {
      // The token is asked before the body is read: nobody else may send megabytes.
      const onRequest = async (request: FastifyRequest): Promise<void> => this.whoAsks.admin(request);
      const options = { bodyLimit: this.gateway.bounds.maxLinesBytes, onRequest };
      fastify.post(`/_rollcall/v1/${topic}`, options, (request, reply) => this.#take(topic, request, reply));
    }
  }

  async #take(topic: LineTopic, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const lines = bodyText(request).split('\n');
    const read = LINE_READERS[topic];
    const rejected: BadLine[] = [];
    const places: Appended[] = [];
    let notListed = 0;
    for (let start = 0; start < lines.length; start += LINES_PER_TURN) {
      const records: NewRecord[] = [];
      lines.slice(start, start + LINES_PER_TURN).forEach((text, index) => {
        const line = read(text);
        if (line.kind === 'record') records.push({ key: line.key, value: line.value });
        else if (line.kind === 'bad' && rejected.length < MAX_LISTED)
          rejected.push({ line: start + index + 1, error: line.error });
        else if (line.kind === 'bad') notListed += 1;
      });
      if (records.length > 0) places.push(...(await this.gateway.writer.append(this.gateway.topics[topic], records)));
      else await turn();
    }
    await this.#visible(topic, places);
    return json(
      reply,
      JSON.stringify({
        accepted: places.length,
        rejected,
        ...(notListed > 0 ? { rejected_not_listed: notListed } : {}),
      }),
    );
  }

  async #visible(topic: LineTopic, places: readonly Appended[]): Promise<void> {
    if (places.length === 0) return;
    if (topic === 'activity' || topic === 'commands') await this.gateway.visibility.ofInputs(topic, places);
    else await this.gateway.visibility.ofRooms(topic, places);
  }
}
