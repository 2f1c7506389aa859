// Reads many partitions on, one long-polling request a broker. Invariants: batches of a flow are delivered in order, each
// once, one delivery at a time; a fault of a broker is told, waited out and passed. What becomes readable while a request
// of others waits at the broker is asked for by a side request, so nobody waits for somebody else's silence.
import {
  type HiddenPartition,
  LogUnavailableError,
  OffsetOutOfRangeError,
  type RecordBatch,
  UnknownTopicError,
} from '#libs/event-log';
import { decodeBatches } from '../records/decode.js';
import {
  errorOfCode,
  inPortWords,
  isOfTheConnection,
  isPassing,
  isUnknownTopic,
  toldElsewhere,
} from '../wire/faults.js';
import { type FetchedPartition, fetchRequest } from '../wire/fetch-request.js';
import type { Wire } from '../wire/wire.js';
import { FetchedBatch } from './fetched-batch.js';
import { type Ask, askFor, emptyBatch, type Flow, stillWanted } from './flow.js';
import { listOffsets } from './offsets.js';

const MAX_BYTES = 8 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** A topic that metadata does not know for so long is gone. */
const GONE_AFTER_MS = 5_000;
const TOLD_AFTER_MS = 1_000;
/** Of one topic; and of no more topics within that. */
const TOLD_AGAIN_AFTER_MS = 10_000;
const TOLD_AT_ONCE = 10;
const OFFSET_OUT_OF_RANGE = 1;
const MAIN = 'main';
const SIDE = 'side';

export interface FetchLoopOptions {
  readonly wire: Wire;
  readonly lane: string;
  /** Waited for before the flow reads on. The flow's position has moved already. */
  readonly deliver: (flow: Flow, batch: RecordBatch) => void | Promise<void>;
  readonly onError: (error: Error, fatal: boolean) => void;
  /** The broker's own time on records that have just arrived. */
  readonly onAppendTime: (appendedMs: number) => void;
}

interface Request {
  readonly nodeId: number;
  readonly lane: string;
  readonly asks: readonly Ask[];
}

export class FetchLoop {
  readonly #flows = new Set<Flow>();
  /** Nodes with a main loop, and what their waiting request asks for. */
  readonly #main = new Map<number, ReadonlySet<Flow>>();
  readonly #side = new Set<number>();
  readonly #running = new Set<Promise<void>>();
  readonly #unknownSince = new Map<string, number>();
  readonly #ids = new Map<string, string>();
  /** By topic: when a fault was told last. */
  readonly #toldAt = new Map<string, number>();
  #delivering: Promise<void> = Promise.resolve();
  #retryMs = FIRST_RETRY_MS;
  #faultySince: number | undefined;
  #placing: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #rotation = 0;

  constructor(private readonly options: FetchLoopOptions) {}

  add(flows: readonly Flow[]): void {
    for (const flow of flows) this.#flows.add(flow);
    this.wake();
  }

  remove(flows: readonly Flow[]): void {
    for (const flow of flows) {
      flow.lose();
      this.#flows.delete(flow);
    }
  }

  get hidden(): HiddenPartition[] {
    const now = performance.now();
    return [...this.#flows].flatMap(({ topic, partition, hidden }) =>
      hidden === undefined
        ? []
        : [{ topic, partition, stableEnd: hidden.stableEnd, hiddenForMs: Math.round(now - hidden.since) }],
    );
  }

  /** To be called when a flow became active. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#placing ??= this.#place().finally(() => {
      this.#placing = undefined;
    });
  }

  /** Nothing is delivered any more, even of requests that are under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.remove([...this.#flows]);
    await this.options.wire.closeLane(`${this.options.lane}-${MAIN}`);
    await this.options.wire.closeLane(`${this.options.lane}-${SIDE}`);
    await Promise.all([...this.#running, this.#placing]);
    await this.#delivering;
  }

  /** Finds the leaders of active flows and starts the loops that are missing. */
  async #place(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const topics = new Set([...this.#flows].filter((flow) => flow.active).map((flow) => flow.topic));
      const away = await this.#lookUp([...topics]);
      for (const [nodeId, flows] of this.#byLeader()) this.#startFor(nodeId, flows);
      await this.#lookForLeaders();
      if (away === undefined) continue;
      this.#again = true;
      await this.#fault(away);
    }
  }

  /** All of them with one request. Why no broker answers, if none does; a topic that cannot be had otherwise rests. */
  async #lookUp(topics: readonly string[]): Promise<unknown> {
    const found = await Promise.allSettled(topics.map((topic) => this.options.wire.topic(topic)));
    let away: unknown;
    for (const [index, outcome] of found.entries()) {
      const topic = topics[index]!;
      if (outcome.status === 'fulfilled') this.#requireSame(topic, outcome.value.id);
      else if (isOfTheConnection(outcome.reason) || outcome.reason instanceof LogUnavailableError)
        away = outcome.reason;
      else
        this.#rest(
          [...this.#flows].filter((flow) => flow.active && flow.topic === topic),
          outcome.reason,
        );
    }
    return away;
  }

  /** Partitions without a leader are looked for again after a moment. */
  async #lookForLeaders(): Promise<void> {
    const { wire } = this.options;
    const leaderless = [...this.#flows].filter(
      (flow) => flow.active && wire.knownLeader(flow.topic, flow.partition) === undefined,
    );
    if (leaderless.length === 0) return;
    for (const { topic } of leaderless) wire.forgetTopic(topic);
    this.#again = true;
    await wire.sleep(FIRST_RETRY_MS);
  }

  /** Under the same name there may be another topic now, whose offsets mean other records. */
  #requireSame(topic: string, id: string): void {
    this.#unknownSince.delete(topic);
    const known = this.#ids.get(topic);
    this.#ids.set(topic, id);
    if (known !== undefined && known !== id)
      this.#fatal(new UnknownTopicError(`${topic} was deleted and created again while it was read`));
  }

  #startFor(nodeId: number, flows: readonly Flow[]): void {
    const asked = this.#main.get(nodeId);
    if (asked === undefined) this.#run(this.#mainLoop(nodeId));
    else if (!this.#side.has(nodeId) && flows.some((flow) => !asked.has(flow)))
      this.#run(this.#sideLoop(nodeId, asked));
  }

  #run(loop: Promise<void>): void {
    const running = loop.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #byLeader(): Map<number, Flow[]> {
    const byLeader = new Map<number, Flow[]>();
    for (const flow of this.#flows) {
      if (!flow.active) continue;
      const leader = this.options.wire.knownLeader(flow.topic, flow.partition);
      if (leader === undefined) continue;
      const others = byLeader.get(leader);
      if (others === undefined) byLeader.set(leader, [flow]);
      else others.push(flow);
    }
    return byLeader;
  }

  async #mainLoop(nodeId: number): Promise<void> {
    this.#main.set(nodeId, new Set());
    try {
      while (!this.#closed) {
        const flows = this.#byLeader().get(nodeId);
        if (flows === undefined) break;
        this.#main.set(nodeId, new Set(flows));
        await this.#fetch({ nodeId, lane: `${this.options.lane}-${MAIN}`, asks: flows.map(askFor) });
      }
    } finally {
      this.#main.delete(nodeId);
      if (!this.#closed && [...this.#flows].some((flow) => flow.active)) this.wake();
    }
  }

  /** Serves what the main request does not ask for, until the main loop asks anew. */
  async #sideLoop(nodeId: number, asked: ReadonlySet<Flow>): Promise<void> {
    this.#side.add(nodeId);
    try {
      while (!this.#closed && this.#main.get(nodeId) === asked) {
        const flows =
          this.#byLeader()
            .get(nodeId)
            ?.filter((flow) => !asked.has(flow)) ?? [];
        if (flows.length === 0) break;
        await this.#fetch({ nodeId, lane: `${this.options.lane}-${SIDE}`, asks: flows.map(askFor) });
      }
    } finally {
      this.#side.delete(nodeId);
    }
  }

  async #fetch({ nodeId, lane, asks }: Request): Promise<void> {
    const { wire } = this.options;
    this.#rotation += 1;
    const first = this.#rotation % asks.length;
    const inTurn = [...asks.slice(first), ...asks.slice(0, first)];
    const from = inTurn.map(({ flow, position }) => ({
      topic: flow.topic,
      partition: flow.partition,
      offset: position,
    }));
    try {
      const link = await wire.link(nodeId, lane);
      const limits = { waitMs: wire.settings.fetchWaitMs, maxBytes: MAX_BYTES, partitionBytes: PARTITION_BYTES };
      const { errorCode, partitions } = await link.send(fetchRequest(from, limits));
      if (errorCode !== 0) throw errorOfCode(errorCode);
      const before = this.#delivering;
      this.#delivering = this.#deliverAll(before, inTurn, partitions);
      await this.#delivering;
      this.#retryMs = FIRST_RETRY_MS;
      this.#faultySince = undefined;
    } catch (error) {
      for (const { flow } of asks) wire.forgetTopic(flow.topic);
      await this.#fault(error);
    }
  }

  async #deliverAll(
    before: Promise<void>,
    asks: readonly Ask[],
    partitions: readonly FetchedPartition[],
  ): Promise<void> {
    // Told by whoever asked for it.
    await before.catch(toldElsewhere);
    let bytes = 0;
    for (const { batches } of partitions) bytes += batches.length;
    const answers = new Map(partitions.map((fetched) => [`${fetched.topic}-${fetched.partition}`, fetched]));
    for (const ask of asks) {
      const fetched = answers.get(ask.flow.name);
      if (this.#closed || fetched === undefined || !stillWanted(ask)) continue;
      // A broker leaves out batches that do not fit into what is left of the request, however little was sent; only of
      // the partition asked for first it sends one at any rate. So only there an empty answer says that nothing is there.
      if (fetched.errorCode === OFFSET_OUT_OF_RANGE) await this.#outOfRange(ask);
      else if (fetched.errorCode !== 0) this.#rest([ask.flow], errorOfCode(fetched.errorCode));
      else await this.#deliver(ask, fetched, bytes === 0 || ask === asks[0]);
    }
  }

  async #deliver({ flow, position }: Ask, fetched: FetchedPartition, isWhole: boolean): Promise<void> {
    const { deliver, onAppendTime } = this.options;
    flow.served();
    flow.sawEnds(fetched.stableEnd, fetched.highWatermark);
    try {
      if (fetched.batches.length === 0) {
        // Nothing, although the stable end lies further: what was here is compacted away.
        if (position >= fetched.stableEnd || !isWhole) return;
        flow.position = fetched.stableEnd;
        await deliver(flow, emptyBatch(flow, fetched.stableEnd));
        return;
      }
      const decoded = decodeBatches(fetched.batches, position, fetched.aborted);
      const { nextOffset, appendedMs } = decoded;
      if (nextOffset === position) return;
      if (appendedMs !== undefined) onAppendTime(appendedMs);
      flow.position = nextOffset;
      await deliver(flow, new FetchedBatch(flow.topic, flow.partition, decoded));
    } catch (error) {
      this.#fatal(error as Error);
    }
  }

  /** Flows of one topic that nobody serves now are asked for again after a moment; no other waits for them. */
  #rest(flows: readonly Flow[], error: unknown): void {
    const { wire } = this.options;
    const [first] = flows;
    if (this.#closed || wire.closed || first === undefined) return;
    const { topic } = first;
    if (isUnknownTopic(error) || error instanceof UnknownTopicError) {
      const since = this.#unknownSince.get(topic) ?? performance.now();
      this.#unknownSince.set(topic, since);
      if (performance.now() - since > GONE_AFTER_MS)
        return this.#fatal(new UnknownTopicError(`there is no topic ${topic} any more`));
    } else if (!isPassing(error) || first.faultyMs > TOLD_AFTER_MS) this.#tell(error, topic);
    for (const flow of flows)
      void wire
        .sleep(flow.rest())
        .then(() => {
          flow.resting = false;
          wire.forgetTopic(topic);
          this.wake();
        })
        .catch(toldElsewhere);
  }

  #tell(error: unknown, topic: string): void {
    const now = performance.now();
    for (const [told, at] of this.#toldAt) if (now - at > TOLD_AGAIN_AFTER_MS) this.#toldAt.delete(told);
    if (this.#toldAt.has(topic) || this.#toldAt.size >= TOLD_AT_ONCE) return;
    this.#toldAt.set(topic, now);
    this.options.onError(inPortWords(error, `reading ${topic}`), false);
  }

  async #outOfRange({ flow, position }: Ask): Promise<void> {
    const { wire, onError } = this.options;
    let start = 0;
    try {
      [start = 0] = await listOffsets(wire, flow.topic, 'start', { partitions: [flow.partition] });
    } catch (error) {
      this.#rest([flow], error);
      return;
    }
    if (position >= start) {
      this.#fatal(new OffsetOutOfRangeError(`${flow.name} ends before ${position}`));
      return;
    }
    if (flow.position !== position) return;
    flow.position = start;
    onError(
      new OffsetOutOfRangeError(`${flow.name}: ${position} to ${start} were deleted before they were read`),
      false,
    );
  }

  /** Tells of a fault of a broker and waits a moment. */
  async #fault(error: unknown): Promise<void> {
    const { wire, onError } = this.options;
    if (this.#closed || wire.closed) return;
    if (!isPassing(error) || this.#lastsLong()) onError(inPortWords(error, 'reading on'), false);
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, delayMs * 2);
    await wire.sleep(delayMs);
  }

  /** Leaders move and connections end in good health too: only a fault that stays is worth telling. */
  #lastsLong(): boolean {
    this.#faultySince ??= performance.now();
    return performance.now() - this.#faultySince > TOLD_AFTER_MS;
  }

  #fatal(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.remove([...this.#flows]);
    this.options.onError(error, true);
  }
}
