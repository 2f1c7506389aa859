// One transactional producer: fences its elders when it is opened, then writes whole transactions. Invariant: it is never
// rebuilt by itself and unusable after any error, because a fenced zombie that made itself anew would fence the rightful
// owner. Requests inside of a transaction are repeated while the broker says that the fault passes.
import {
  FencedError,
  type NewRecord,
  Placement,
  LogForbiddenError,
  RecordTooLargeError,
  type TopicPartition,
  type Transaction,
  TransactionError,
  type Transactor,
  UnknownTopicError,
} from '#libs/event-log';
import type { Link } from '../wire/link.js';
import { errorOfCode, inPortWords, isPassing, toldElsewhere } from '../wire/faults.js';
import { describeTransactionRequest } from '../wire/describe-transaction-request.js';
import { produceRequest } from '../wire/produce-request.js';
import type { Wire } from '../wire/wire.js';
import { type ProducerIdentity, requireRecordFit, Sequence, Slice } from './slice.js';
import { type Decision, decisionOf, undecidedIn, untilShown } from './undecided.js';

const TRANSACTION = 1;
const GROUP = 0;
const FIRST_RETRY_MS = 1;
const LONGEST_RETRY_MS = 50;
const ABORT_LIMIT_MS = 2_000;
const REQUEST_BYTES = 8 * 1024 * 1024;

interface Target extends TopicPartition {
  readonly slices: Slice[];
}

export class KafkaTransactor implements Transactor {
  readonly #sequences = new Map<string, Sequence>();
  readonly #placement = new Placement();
  /** Of the last record that was taken, by the broker's clock. */
  #appendedMs = -1;
  #fault: Error | undefined;
  #last: Promise<void> = Promise.resolve();
  #aborting: Promise<void> | undefined;
  /** Over which the transaction under way went. */
  readonly #coordinators = new Set<Link>();
  readonly #leaders = new Set<Link>();

  private constructor(
    private readonly wire: Wire,
    private readonly id: string,
    private readonly lane: string,
    private readonly identity: ProducerIdentity,
  ) {}

  /** When it resolves, every older transactor of this id is fenced, its open transaction aborted, and its last one readable. */
  static async open(wire: Wire, id: string, lane: string, writes: readonly TopicPartition[]): Promise<KafkaTransactor> {
    const patience = {
      doing: `fencing older transactors ${id}`,
      limitMs: 3 * wire.settings.transactionTimeoutMs,
      firstRetryMs: FIRST_RETRY_MS,
      longestRetryMs: LONGEST_RETRY_MS,
    };
    const request = { transactionalId: id, transactionTimeout: wire.settings.transactionTimeoutMs };
    let decision: Decision | undefined;
    const identity = await wire.askCoordinator({ ...patience, kind: TRANSACTION, id, lane }, async (link) => {
      decision = (await decisionOf(link, id)) ?? decision;
      return link.ask((broker) => broker.initProducerId(request));
    });
    const transactor = new KafkaTransactor(wire, id, lane, identity);
    await transactor.#endElder(writes, decision ?? 'abort');
    return transactor;
  }

  /** Ends what an elder's coordinator decided and did not carry out. */
  async #endElder(writes: readonly TopicPartition[], decision: Decision): Promise<void> {
    const undecided = await undecidedIn(this.wire, writes);
    if (undecided.length === 0) return;
    const { logger, transactionTimeoutMs } = this.wire.settings;
    const names = undecided.map(({ topic, partition }) => `${topic}-${partition}`);
    logger.warn(
      `the last transaction of ${this.id} was decided and never ended in ${names.join(', ')}: ${decision} now`,
    );
    try {
      await this.#addPartitions(undecided);
      await this.#end(decision === 'commit', transactionTimeoutMs);
      await untilShown(this.wire, undecided, transactionTimeoutMs);
    } catch (error) {
      throw this.#inWords(error);
    }
  }

  transact(transaction: Transaction): Promise<void> {
    const mine = this.#last.then(() => this.#transact(transaction));
    this.#last = mine.catch(toldElsewhere);
    return mine;
  }

  /**
   * Writes a record to partition 0 and takes it back: readers of committed records never see it. Resolves to the broker's time
   * of it, milliseconds (−1 where producers stamp); rejects with what the broker has against it.
   */
  async rehearse(topic: string): Promise<number> {
    const targets = await this.#targets({
      appends: [{ topic, records: [{ key: 'rehearsal', value: '', partition: 0 }] }],
    });
    try {
      await this.#addPartitions(targets);
      await this.#produce(targets);
    } catch (error) {
      await this.#end(false, ABORT_LIMIT_MS).catch(toldElsewhere);
      throw inPortWords(error, `writing to ${topic}`);
    }
    await this.#end(false, this.wire.settings.transactionTimeoutMs);
    return this.#appendedMs;
  }

  async close(): Promise<void> {
    this.#fault ??= new TransactionError(`the transactor ${this.id} is closed`);
    await this.#last;
    await this.#aborting;
  }

  async #transact(transaction: Transaction): Promise<void> {
    if (this.#fault !== undefined)
      throw new TransactionError(`the transactor ${this.id} is unusable: ${this.#fault.message}`, {
        cause: this.#fault,
      });
    let committing = false;
    this.#coordinators.clear();
    this.#leaders.clear();
    try {
      const targets = await this.#targets(transaction);
      if (targets.length === 0 && transaction.offsets === undefined) return;
      if (targets.length > 0) await this.#addPartitions(targets);
      await this.#produce(targets);
      if (transaction.offsets !== undefined) await this.#sendOffsets(transaction.offsets);
      committing = true;
      await this.#end(true, this.wire.settings.transactionTimeoutMs);
      await this.#untilVisible();
      if (this.#isDoubtful) await untilShown(this.wire, targets, this.wire.settings.transactionTimeoutMs);
    } catch (error) {
      this.#fault = this.#inWords(error);
      if (!committing && !(this.#fault instanceof FencedError))
        this.#aborting = this.#end(false, ABORT_LIMIT_MS).catch(toldElsewhere);
      throw this.#fault;
    }
  }

  /** A broker may have started again meanwhile: then nobody but the partitions knows whether readers see it. */
  get #isDoubtful(): boolean {
    if (this.#coordinators.size > 1) return true;
    return [...this.#coordinators, ...this.#leaders].some(({ usable }) => !usable);
  }

  #inWords(error: unknown): Error {
    const known = inPortWords(error, `the transaction of ${this.id}`);
    if ([FencedError, LogForbiddenError, RecordTooLargeError, UnknownTopicError].some((kind) => known instanceof kind))
      return known;
    return new TransactionError(known.message, { cause: error });
  }

  async #targets({ appends }: Transaction): Promise<Target[]> {
    const targets = new Map<string, Target>();
    for (const { topic, records } of appends) {
      if (records.length === 0) continue;
      const partitions = this.wire.knownPartitions(topic) ?? (await this.#lookUp(topic));
      for (const record of records) this.#add(targets, topic, record, this.#placement.partition(record, partitions));
    }
    return [...targets.values()];
  }

  async #lookUp(topic: string): Promise<number> {
    const patience = { doing: `finding ${topic}`, limitMs: this.wire.settings.transactionTimeoutMs };
    return (await this.wire.patiently(patience, () => this.wire.topic(topic))).leaders.length;
  }

  #add(targets: Map<string, Target>, topic: string, record: NewRecord, partition: number): void {
    const bytes = requireRecordFit(topic, record);
    const name = `${topic}-${partition}`;
    let target = targets.get(name);
    if (target === undefined) targets.set(name, (target = { topic, partition, slices: [] }));
    let slice = target.slices.at(-1);
    if (slice?.fits(bytes) !== true) target.slices.push((slice = new Slice()));
    slice.add(record, bytes);
  }

  #coordinator<T>(doing: string, limitMs: number, work: (link: Link) => Promise<T>): Promise<T> {
    return this.wire.askCoordinator(
      {
        kind: TRANSACTION,
        id: this.id,
        lane: this.lane,
        doing,
        limitMs,
        firstRetryMs: FIRST_RETRY_MS,
        longestRetryMs: LONGEST_RETRY_MS,
      },
      (link) => {
        this.#coordinators.add(link);
        return work(link);
      },
    );
  }

  async #addPartitions(targets: readonly TopicPartition[]): Promise<void> {
    const byTopic = new Map<string, number[]>();
    for (const { topic, partition } of targets) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
    const topics = [...byTopic].map(([topic, partitions]) => ({ topic, partitions }));
    const request = { transactionalId: this.id, ...this.identity, topics };
    await this.#coordinator('beginning', this.wire.settings.transactionTimeoutMs, (link) =>
      link.ask((broker) => broker.addPartitionsToTxn(request)),
    );
  }

  /** Round after round, one slice of each partition; the rounds of different brokers go side by side. */
  async #produce(targets: readonly Target[]): Promise<void> {
    let left = targets.filter(({ slices }) => slices.length > 0);
    const doing = 'writing';
    const limitMs = this.wire.settings.transactionTimeoutMs;
    while (left.length > 0) {
      await this.wire.patiently(
        { doing, limitMs, firstRetryMs: FIRST_RETRY_MS, longestRetryMs: LONGEST_RETRY_MS },
        () => this.#produceRound(left),
      );
      left = left.filter(({ slices }) => slices.length > 0);
    }
  }

  async #produceRound(targets: readonly Target[]): Promise<void> {
    const byLeader = new Map<number, Target[]>();
    let bytes = 0;
    for (const target of targets) {
      const [slice] = target.slices;
      if (slice === undefined) continue;
      bytes += slice.bytes;
      if (bytes > REQUEST_BYTES && byLeader.size > 0) break;
      const leader =
        this.wire.knownLeader(target.topic, target.partition) ??
        (await this.wire.leaderId(target.topic, target.partition));
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), target]);
    }
    const outcomes = await Promise.allSettled([...byLeader].map(([nodeId, of]) => this.#produceTo(nodeId, of)));
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    // An error that does not pass decides; one that passes is tried again.
    const decisive = failed.find(({ reason }) => !isPassing(reason)) ?? failed[0];
    if (decisive !== undefined) throw decisive.reason;
  }

  async #produceTo(nodeId: number, targets: readonly Target[]): Promise<void> {
    const { settings } = this.wire;
    const stamp = { nowMs: settings.now(), transactional: true };
    try {
      const batches = targets.map(({ topic, partition, slices }) => {
        const name = `${topic}-${partition}`;
        let sequence = this.#sequences.get(name);
        if (sequence === undefined) this.#sequences.set(name, (sequence = new Sequence()));
        return { topic, partition, batch: sequence.encode(slices[0]!, this.identity, stamp) };
      });
      const link = await this.wire.link(nodeId, this.lane);
      this.#leaders.add(link);
      const produced = await link.send(produceRequest(batches, this.id, settings.requestTimeoutMs));
      this.#appendedMs = produced[0]?.appendedMs ?? -1;
      const answers = new Map(produced.map((answer) => [`${answer.topic}-${answer.partition}`, answer.errorCode]));
      let fault: Error | undefined;
      for (const { topic, partition, slices } of targets) {
        const errorCode = answers.get(`${topic}-${partition}`) ?? -1;
        if (errorCode === 0) slices.shift();
        else if (fault === undefined || isPassing(fault)) fault = errorOfCode(errorCode);
      }
      if (fault !== undefined) throw fault;
    } catch (error) {
      for (const { topic } of targets) this.wire.forgetTopic(topic);
      throw error;
    }
  }

  async #sendOffsets({ group, positions }: NonNullable<Transaction['offsets']>): Promise<void> {
    const limitMs = this.wire.settings.transactionTimeoutMs;
    const member = { transactionalId: this.id, ...this.identity, groupId: group };
    await this.#coordinator('adding positions', limitMs, (link) =>
      link.ask((broker) => broker.addOffsetsToTxn(member)),
    );
    const topics = [...new Set(positions.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: positions
        .filter((position) => position.topic === topic)
        .map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata: metadata ?? null })),
    }));
    const patience = {
      doing: 'writing positions',
      limitMs,
      firstRetryMs: FIRST_RETRY_MS,
      longestRetryMs: LONGEST_RETRY_MS,
    };
    await this.wire.askCoordinator({ ...patience, kind: GROUP, id: group, lane: this.lane }, (link) =>
      link.ask((broker) => broker.txnOffsetCommit({ ...member, topics })),
    );
  }

  async #end(commit: boolean, limitMs: number): Promise<void> {
    const request = { transactionalId: this.id, ...this.identity, transactionResult: commit };
    await this.#coordinator(commit ? 'committing' : 'aborting', limitMs, (link) =>
      link.ask((broker) => broker.endTxn(request)),
    );
  }

  /** Decided is not yet readable, and the next transaction could not begin before: so this waits for the markers. */
  async #untilVisible(): Promise<void> {
    const until = performance.now() + this.wire.settings.transactionTimeoutMs;
    for (let delayMs = FIRST_RETRY_MS; performance.now() < until; delayMs = Math.min(LONGEST_RETRY_MS, delayMs * 2)) {
      const nodeId = await this.wire.coordinatorId(TRANSACTION, this.id).catch(toldElsewhere);
      if (nodeId === undefined) return;
      const link = await this.wire.link(nodeId, this.lane).catch(toldElsewhere);
      if (link !== undefined) this.#coordinators.add(link);
      // It is committed: an error only means that nobody says when readers see it.
      const state = await link?.send(describeTransactionRequest(this.id)).catch(toldElsewhere);
      if (state !== 'PrepareCommit') return;
      await this.wire.sleep(delayMs);
    }
  }
}
