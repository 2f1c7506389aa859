// The administrator's doors: NDJSON of memberships, rooms, activity and commands. Invariant: a good line is durable and in this
// gateway's views (within a bounded wait) when the answer comes; a bad one is reported with its number, written nowhere, and
// refuses nobody else. `?unchecked=true&key=KEY` appends the lines' bytes as they are, so that poison can be tried on a
// running server.
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LINE_READERS, tracedHeaders, type LineReading, type LineTopic } from '#libs/contracts';
import { RecordTooLargeError, type Appended, type NewRecord } from '#libs/event-log';
import type { Gateway } from '../gateway.js';
import { refuse } from '../http/refused-request.js';
import { bodyText, flagOf, parameterOf, type Query } from '../http/request-reading.js';
import { traced } from '../http/traced.js';
import type { WhoAsks } from '../http/who-asks.js';
import { json } from './presence-door.js';

interface BadLine {
  readonly line: number;
  readonly error: string;
}

/** What goes with an answer, and with the records that are written for it. */
interface Answering {
  readonly reply: FastifyReply;
  readonly headers: NewRecord['headers'];
}

const LINES_PER_TURN = 1_000;
/** More are counted, not listed: the answer stays bounded. */
const MAX_LISTED = 10_000;
/** Of three bytes at most each: within the megabyte that brokers take by default. */
const MAX_RECORD_CHARACTERS = 300_000;

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
      const take = (request: FastifyRequest, reply: FastifyReply, traceparent?: string): Promise<string> =>
        this.#take(topic, request, { reply, headers: tracedHeaders(traceparent) });
      fastify.post(`/_rollcall/v1/${topic}`, options, traced(this.gateway.tracing, `POST ${topic}`, take));
    }
  }

  async #take(topic: LineTopic, request: FastifyRequest, { reply, headers }: Answering): Promise<string> {
    if (flagOf(request.query as Query, 'unchecked')) return this.#takeUnchecked(topic, request, { reply, headers });
    const lines = bodyText(request).split('\n');
    const read = LINE_READERS[topic];
    const rejected: BadLine[] = [];
    const places: Appended[] = [];
    let notListed = 0;
    for (let start = 0; start < lines.length; start += LINES_PER_TURN) {
      const records: NewRecord[] = [];
      lines.slice(start, start + LINES_PER_TURN).forEach((text, index) => {
        const line = fitting(read(text));
        if (line.kind === 'record') records.push({ key: line.key, value: line.value, headers });
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

  async #takeUnchecked(topic: LineTopic, request: FastifyRequest, { reply, headers }: Answering): Promise<string> {
    const key = parameterOf(request.query as Query, 'key') ?? refuse('M_MISSING_PARAM', 'Unchecked lines need a "key"');
    const values = linesOf(request.body).map((value) => ({ key, value, headers }));
    const places: Appended[] = [];
    for (let start = 0; start < values.length; start += LINES_PER_TURN) {
      const records = values.slice(start, start + LINES_PER_TURN);
      places.push(...(await this.gateway.writer.append(this.gateway.topics[topic], records).catch(refuseTooLarge)));
    }
    await this.#visible(topic, places);
    return json(reply, JSON.stringify({ accepted: places.length, rejected: [] }));
  }

  async #visible(topic: LineTopic, places: readonly Appended[]): Promise<void> {
    if (places.length === 0) return;
    if (topic === 'activity' || topic === 'commands') await this.gateway.visibility.ofInputs(topic, places);
    else await this.gateway.visibility.ofRooms(topic, places);
  }
}

/** A line that no log takes is bad by itself: it must not refuse the others. */
function fitting(line: LineReading): LineReading {
  if (line.kind !== 'record' || line.value.length + line.key.length < MAX_RECORD_CHARACTERS) return line;
  return { kind: 'bad', error: `the record is longer than ${String(MAX_RECORD_CHARACTERS)} characters` };
}

/** The lines of a body as bytes, without their ends; an empty last one is none. */
function linesOf(body: unknown): Buffer[] {
  const lines: Buffer[] = [];
  if (!Buffer.isBuffer(body)) return lines;
  for (let start = 0; start < body.length;) {
    const end = body.indexOf(0x0a, start);
    lines.push(body.subarray(start, end < 0 ? body.length : end));
    start = end < 0 ? body.length : end + 1;
  }
  return lines;
}

function refuseTooLarge(error: unknown): never {
  if (error instanceof Error && error.cause instanceof RecordTooLargeError) refuse('M_TOO_LARGE', error.cause.message);
  throw error;
}
