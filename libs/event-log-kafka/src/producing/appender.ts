// Appends outside of transactions: what is asked while a request is under way goes together in the next one, whatever topics it
// is for, which is how many small appends become few full requests. Invariants: acknowledged by all replicas; sent again with the
// same producer and sequence, so a repeated request is no repeated record; one request a broker at a time, and of a partition one
// batch; each partition is answered by itself, and none is left out for others.
import { type Appended, LogUnavailableError, type NewRecord } from '#libs/event-log';
import { errorOfCode, inPortWords, isPassing, toldElsewhere, typeOf } from '../wire/faults.js';
import { type BatchToProduce, type Produced, produceRequest } from '../wire/produce-request.js';
import type { Wire } from '../wire/wire.js';
import { AppendCall, AppendQueue, type AppendSlice, type PartitionQueue } from './append-queue.js';
import type { ClockDifference } from './clock-difference.js';
import type { ProducerIdentity } from './slice.js';

const LANE = 'append';
const REQUEST_BYTES = 8 * 1024 * 1024;
/** A busy broker may need milliseconds for each: so many it answers long before a request is late. */
export const BATCHES_A_REQUEST = 500;
const QUEUED_BYTES = 64 * 1024 * 1024;
const RETRY_MS = 50;
/** The broker has lost track of the producer's sequence: a new identity is needed. */
const LOST_TRACK = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'DUPLICATE_SEQUENCE_NUMBER',
]);

export class Appender {
  readonly #queue = new AppendQueue();
  /** Calls for topics that are being looked up, in order. */
  readonly #unplaced = new Map<string, AppendCall[]>();
  readonly #busyNodes = new Set<number>();
  readonly #underWay = new Set<Promise<void>>();
  #identity: Promise<ProducerIdentity> | undefined;
  #scheduled = false;
  #finding = false;
  #closed = false;
  #ended = false;

  constructor(
    private readonly wire: Wire,
    private readonly clock: ClockDifference,
  ) {}

  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    if (this.#closed) return Promise.reject(new LogUnavailableError('the log is closed'));
    if (records.length === 0) return Promise.resolve([]);
    if (this.#queue.bytes > QUEUED_BYTES)
      return Promise.reject(new LogUnavailableError('too much waits to be appended: the brokers do not keep up'));
    const call = new AppendCall(topic, records, performance.now() + this.wire.settings.appendTimeoutMs);
    const unplaced = this.#unplaced.get(topic);
    const partitions = this.wire.knownPartitions(topic);
    if (unplaced !== undefined) unplaced.push(call);
    else if (partitions !== undefined) this.#place([call], partitions);
    else this.#track(this.#lookUp(topic, call));
    return call.promise;
  }

  /** Waits for what was asked; then nothing is appended any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#underWay);
    const error = new LogUnavailableError('the log is closed');
    for (const calls of this.#unplaced.values()) for (const call of calls) call.fail(error);
    this.#queue.failAll(error);
    this.#ended = true;
  }

  async #lookUp(topic: string, first: AppendCall): Promise<void> {
    const calls = [first];
    this.#unplaced.set(topic, calls);
    try {
      const { leaders } = await this.wire.patiently(
        { doing: `appending to ${topic}`, limitMs: this.wire.settings.appendTimeoutMs },
        () => this.wire.topic(topic),
      );
      this.#unplaced.delete(topic);
      this.#place(calls, leaders.length);
    } catch (error) {
      this.#unplaced.delete(topic);
      for (const call of calls) call.fail(error as Error);
    }
  }

  #place(calls: readonly AppendCall[], partitions: number): void {
    for (const call of calls) {
      try {
        this.#queue.add(call, partitions);
      } catch (error) {
        call.fail(error as Error);
      }
    }
    this.#schedule();
  }

  /** At the end of this turn of the event loop, so that calls of one turn go together. */
  #schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#sendWaiting();
    });
  }

  #sendWaiting(): void {
    const byNode = new Map<number, PartitionQueue[]>();
    const lost = new Set<string>();
    for (const queue of this.#queue.waiting()) {
      const leader = this.wire.knownLeader(queue.topic, queue.partition);
      if (leader === undefined) {
        lost.add(queue.topic);
        this.#expire(queue);
      } else if (!this.#busyNodes.has(leader)) {
        const others = byNode.get(leader);
        if (others === undefined) byNode.set(leader, [queue]);
        else others.push(queue);
      }
    }
    for (const [nodeId, queues] of byNode) this.#track(this.#send(nodeId, queues));
    if (lost.size > 0 && !this.#finding) this.#track(this.#find([...lost]));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  /** Leaders are being elected, or the brokers are away. */
  async #find(topics: readonly string[]): Promise<void> {
    this.#finding = true;
    // What is known of them may be that they have no leader.
    for (const topic of topics) this.wire.forgetTopic(topic);
    await Promise.all(topics.map((topic) => this.wire.topic(topic).catch(toldElsewhere)));
    if (this.#closed) return;
    // Those that were found need not wait for the others.
    this.#schedule();
    const isLost = ({ topic, partition }: PartitionQueue): boolean =>
      this.wire.knownLeader(topic, partition) === undefined;
    if (this.#queue.waiting().some(isLost)) await this.wire.sleep(RETRY_MS);
    this.#finding = false;
    this.#schedule();
  }

  async #send(nodeId: number, waiting: readonly PartitionQueue[]): Promise<void> {
    this.#busyNodes.add(nodeId);
    const queues: PartitionQueue[] = [];
    let bytes = 0;
    for (const queue of waiting) {
      const size = queue.slices[0]?.bytes ?? 0;
      if (queues.length > 0 && (bytes + size > REQUEST_BYTES || queues.length === BATCHES_A_REQUEST)) break;
      bytes += size;
      this.#queue.begin(queue);
      queues.push(queue);
    }
    let again: readonly PartitionQueue[] = [];
    try {
      again = await this.#sendAll(nodeId, queues);
    } catch (error) {
      for (const queue of queues) this.#failed(queue, error);
      await this.wire.sleep(RETRY_MS);
    }
    if (again.length > 0) this.#track(this.#rest(again));
    for (const queue of queues) if (!again.includes(queue)) this.#queue.end(queue);
    this.#busyNodes.delete(nodeId);
    this.#schedule();
  }

  /** Partitions that were refused for now wait a moment, and nobody with them. */
  async #rest(queues: readonly PartitionQueue[]): Promise<void> {
    await this.wire.sleep(RETRY_MS);
    for (const queue of queues) this.#queue.end(queue);
    this.#schedule();
  }

  /** Which of them are to be sent again after a moment. */
  async #sendAll(nodeId: number, queues: readonly PartitionQueue[]): Promise<readonly PartitionQueue[]> {
    const { settings } = this.wire;
    const identity = await this.#identify();
    const link = await this.wire.link(nodeId, LANE);
    const sentMs = settings.now();
    const batches = queues.map((queue): BatchToProduce => {
      const slice = queue.slices[0]!;
      return {
        topic: queue.topic,
        partition: queue.partition,
        batch: queue.sequence.encode(slice, identity, { nowMs: sentMs, transactional: false }),
      };
    });
    for (const queue of queues) queue.slices[0]!.uncertain = true;
    const produced = await link.send(produceRequest(batches, null, settings.requestTimeoutMs));
    const receivedMs = settings.now();
    const answers = new Map(produced.map((answer) => [`${answer.topic}-${answer.partition}`, answer]));
    return queues.filter((queue) => {
      const answer = answers.get(`${queue.topic}-${queue.partition}`);
      if (answer === undefined || answer.errorCode !== 0)
        return this.#refused(queue, errorOfCode(answer?.errorCode ?? -1));
      this.#succeeded(queue, answer, { sentMs, receivedMs });
      return false;
    });
  }

  #identify(): Promise<ProducerIdentity> {
    const transactionTimeout = this.wire.settings.transactionTimeoutMs;
    this.#identity ??= this.wire
      .any()
      .then((link) => link.ask((broker) => broker.initProducerId({ transactionTimeout })));
    this.#identity.catch(() => (this.#identity = undefined));
    return this.#identity;
  }

  #succeeded(
    queue: PartitionQueue,
    { baseOffset, appendedMs }: Produced,
    { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number },
  ): void {
    const slice = queue.slices[0]!;
    this.#queue.drop(queue);
    if (appendedMs >= 0) {
      this.clock.stamped(appendedMs, sentMs, receivedMs);
      slice.done(queue.partition, baseOffset, () => appendedMs);
    } else {
      slice.done(queue.partition, baseOffset, (record) => record.timestampMs ?? sentMs);
    }
  }

  /** The broker answered that it did not take the slice; true = it is to be sent again after a moment. */
  #refused(queue: PartitionQueue, error: Error): boolean {
    const slice = queue.slices[0]!;
    if (isPassing(error)) {
      this.#failed(queue, error);
      return true;
    }
    this.wire.forgetTopic(queue.topic);
    if (LOST_TRACK.has(typeOf(error) ?? '')) {
      this.#identity = undefined;
      this.#giveUp(
        queue,
        slice,
        new LogUnavailableError(`appending to ${queue.topic}: ${error.message}`, { cause: error }),
      );
      return false;
    }
    queue.sequence.undo(slice);
    this.#queue.drop(queue);
    slice.fail(inPortWords(error, `appending to ${queue.topic}-${queue.partition}`));
    return false;
  }

  /** No answer, or one that says to try again. */
  #failed(queue: PartitionQueue, error: unknown): void {
    this.wire.forgetTopic(queue.topic);
    const slice = queue.slices[0];
    if (slice === undefined) return;
    if (!isPassing(error) || performance.now() > slice.deadlineMs || this.#closed)
      this.#giveUp(queue, slice, inPortWords(error, `appending to ${queue.topic}`));
  }

  /** Slices whose time is up while their partition has no leader. */
  #expire(queue: PartitionQueue): void {
    const slice = queue.slices[0];
    if (slice === undefined || performance.now() <= slice.deadlineMs) return;
    this.#giveUp(
      queue,
      slice,
      new LogUnavailableError(`appending to ${queue.topic}: no broker leads its partition ${queue.partition}`),
    );
  }

  /** What was perhaps appended leaves a gap in the sequence: the next slice needs a new identity. */
  #giveUp(queue: PartitionQueue, slice: AppendSlice, error: Error): void {
    if (slice.uncertain) this.#identity = undefined;
    this.#queue.drop(queue);
    slice.fail(error);
  }
}
