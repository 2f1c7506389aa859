// One member of a consumer group: its partitions, their flows, and the loop that keeps it a member. Invariants: nothing is
// delivered of a partition that is lost, paused or not yet sought in all its topics; what stays across a rebalance is read
// on without a break; the loop ends only by `leave` or by a fault that it told of as fatal. It replaces kafkajs's consumer,
// which stops silently, resets positions at every rebalance and commits for partitions that it lost.
import {
  type GroupMember,
  type GroupOptions,
  type HiddenPartition,
  OffsetOutOfRangeError,
  TopicMismatchError,
  type RecordBatch,
} from '#libs/event-log';
import { FetchLoop } from '../reading/fetch-loop.js';
import { Flow } from '../reading/flow.js';
import { inPortWords, isPassing, typeOf } from '../wire/faults.js';
import type { Wire } from '../wire/wire.js';
import { MemberWire } from './member-wire.js';

const RETRY_MS = 200;
/** Coordinators move in good health too: only a fault that stays is worth telling. */
const TOLD_AFTER_MS = 1_000;
const LONGEST_RETRY_MS = 1_000;
/** The group goes on, and this member joins the next generation. */
const JOIN_AGAIN = new Set(['REBALANCE_IN_PROGRESS', 'MEMBER_ID_REQUIRED']);
/** The group went on without this member: others may own its partitions. */
const EXPELLED = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
const COUNT_CHECK_MS = 5_000;

export interface MemberWiring {
  readonly wire: Wire;
  readonly lane: string;
  readonly onAppendTime: (appendedMs: number) => void;
  readonly onLeft: (member: KafkaGroupMember) => void;
}

type State = 'member' | 'leaving' | 'left';

export class KafkaGroupMember implements GroupMember {
  readonly #owned = new Map<number, readonly Flow[]>();
  readonly #wire: MemberWire;
  readonly #loop: FetchLoop;
  #state: State = 'member';
  #running: Promise<void> | undefined;
  #rejoining = false;
  #retryMs = RETRY_MS;
  #faultySince: number | undefined;
  #wake: () => void = () => {};
  #countCheckedAt = performance.now();

  private constructor(
    private readonly options: GroupOptions,
    private readonly wiring: MemberWiring,
    private readonly partitions: number,
  ) {
    const { wire, lane, onAppendTime } = wiring;
    this.#wire = new MemberWire({ wire, lane, group: options.group, topics: options.topics });
    const deliver = (_flow: Flow, batch: RecordBatch): void => options.onBatch(batch);
    this.#loop = new FetchLoop({
      wire,
      lane: `${lane}-fetch`,
      deliver,
      onAppendTime,
      onError: (error, fatal) => this.#readFault(error, fatal),
    });
  }

  /** Resolves when the group can be joined; joining goes on by itself, so that the caller has the member before its partitions. */
  static async open(options: GroupOptions, wiring: MemberWiring): Promise<KafkaGroupMember> {
    const counts = await Promise.all(
      options.topics.map((topic) =>
        wiring.wire.patiently(
          { doing: `joining ${options.group}`, limitMs: wiring.wire.settings.requestTimeoutMs },
          () => wiring.wire.topic(topic),
        ),
      ),
    );
    const [first] = counts;
    if (first === undefined || counts.some(({ leaders }) => leaders.length !== first.leaders.length)) {
      throw new TopicMismatchError(
        `not co-partitioned: ${counts.map(({ name, leaders }) => `${name} has ${leaders.length}`).join(', ')}`,
      );
    }
    const member = new KafkaGroupMember(options, wiring, first.leaders.length);
    setImmediate(() => {
      member.#running = member.#run();
    });
    return member;
  }

  get group(): string {
    return this.options.group;
  }

  get assigned(): ReadonlySet<number> {
    return new Set(this.#owned.keys());
  }

  /** As which member and generation positions are to be committed. */
  get credentials(): { readonly memberId: string; readonly generation: number } {
    return this.#wire;
  }

  get hidden(): readonly HiddenPartition[] {
    return this.#loop.hidden;
  }

  seek(topic: string, partition: number, offset: number): void {
    const flow = this.#flow(topic, partition);
    if (flow === undefined) return;
    flow.seek(offset);
    this.#sought.add(flow);
    const flows = this.#owned.get(partition) ?? [];
    if (flows.every((each) => this.#sought.has(each))) for (const each of flows) each.ready = true;
    this.#loop.wake();
  }

  pause(topic: string, partition: number): void {
    this.#flow(topic, partition)?.pause();
  }

  resume(topic: string, partition: number): void {
    const flow = this.#flow(topic, partition);
    if (flow === undefined) return;
    flow.paused = false;
    this.#loop.wake();
  }

  lastHeartbeatMs(): number {
    return this.#wire.lastAnswerMs;
  }

  async rejoin(): Promise<void> {
    if (this.#state !== 'member') return;
    this.#rejoining = true;
    this.#revoke([...this.#owned.keys()]);
    await this.#wire.leave();
    this.#rejoining = false;
    this.#wake();
  }

  async leave(): Promise<void> {
    if (this.#state !== 'member') return;
    this.#state = 'leaving';
    this.#revoke([...this.#owned.keys()]);
    await this.#loop.close();
    await this.#wire.leave();
    await this.#end();
  }

  readonly #sought = new WeakSet<Flow>();

  #flow(topic: string, partition: number): Flow | undefined {
    return this.#owned.get(partition)?.find((flow) => flow.topic === topic);
  }

  async #end(): Promise<void> {
    this.#state = 'left';
    this.#wake();
    await this.wiring.wire.closeLane(this.wiring.lane);
    await this.#running;
    this.wiring.onLeft(this);
  }

  async #run(): Promise<void> {
    let joined = false;
    while (this.#state === 'member') {
      try {
        if (this.#rejoining) await this.#rest(RETRY_MS);
        else if (joined && this.#wire.memberId !== '') joined = await this.#beat();
        else joined = await this.#join();
        this.#retryMs = RETRY_MS;
        this.#faultySince = undefined;
      } catch (error) {
        joined = await this.#fault(error, joined);
      }
    }
  }

  /** false = another generation is needed at once, because something was given up for others. */
  async #join(): Promise<boolean> {
    const held = [...this.#owned.keys()];
    const assigned = await this.#wire.join(held, this.partitions);
    // Asked to join again, or left, while the group was gathering.
    if (this.#state !== 'member' || this.#rejoining) return false;
    const lost = held.filter((partition) => !assigned.includes(partition));
    const gained = assigned.filter((partition) => !this.#owned.has(partition));
    this.#revoke(lost);
    this.#gain(gained);
    return lost.length === 0;
  }

  async #beat(): Promise<boolean> {
    await this.#rest(this.wiring.wire.settings.heartbeatIntervalMs);
    if (this.#state !== 'member' || this.#wire.memberId === '') return false;
    await this.#wire.heartbeat();
    await this.#checkCount();
    return true;
  }

  /** Keys would go to other partitions: what is owned here means something else then. */
  async #checkCount(): Promise<void> {
    if (performance.now() - this.#countCheckedAt < COUNT_CHECK_MS) return;
    this.#countCheckedAt = performance.now();
    const { topics } = await this.wiring.wire.metadata(this.options.topics);
    for (const { name, leaders, errorCode } of topics) {
      if (errorCode !== 0 || leaders.length === this.partitions) continue;
      throw new TopicMismatchError(
        `${name} had ${this.partitions} partitions and has ${leaders.length} now: stop its services and copy to a new prefix`,
      );
    }
  }

  /** Whether it is still a member after a fault. */
  async #fault(error: unknown, joined: boolean): Promise<boolean> {
    if (this.#state !== 'member') return false;
    const type = typeOf(error) ?? '';
    if (JOIN_AGAIN.has(type)) return false;
    if (EXPELLED.has(type)) {
      this.#wire.forget();
      this.#revoke([...this.#owned.keys()]);
      return false;
    }
    if (!isPassing(error)) {
      await this.#giveUp(inPortWords(error, `member of ${this.options.group}`));
      return false;
    }
    this.#faultySince ??= performance.now();
    if (performance.now() - this.#faultySince > TOLD_AFTER_MS)
      this.options.onError(inPortWords(error, `member of ${this.options.group}`), false);
    await this.#rest(this.#retryMs);
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
    return joined;
  }

  async #giveUp(error: Error): Promise<void> {
    if (this.#state !== 'member') return;
    this.#state = 'left';
    this.#revoke([...this.#owned.keys()]);
    await this.#loop.close();
    await this.#wire.leave();
    await this.wiring.wire.closeLane(this.wiring.lane);
    this.wiring.onLeft(this);
    this.options.onError(error, true);
  }

  #readFault(error: Error, fatal: boolean): void {
    if (!fatal) {
      this.options.onError(error, error instanceof OffsetOutOfRangeError ? false : fatal);
      return;
    }
    setImmediate(() => {
      this.#giveUp(error).catch((fault: unknown) => this.options.onError(fault as Error, true));
    });
  }

  #gain(partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) {
      const flows = this.options.topics.map((topic) => new Flow(topic, partition, undefined));
      this.#owned.set(partition, flows);
      this.#loop.add(flows);
    }
    this.#tell(() => this.options.onAssigned(partitions));
  }

  #revoke(partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) {
      this.#loop.remove(this.#owned.get(partition) ?? []);
      this.#owned.delete(partition);
    }
    this.#tell(() => this.options.onRevoked(partitions));
  }

  /** An owner that throws while it is told of its partitions is broken; the group goes on. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.options.onError(error as Error, true);
    }
  }

  /** Ends early by `#wake`. */
  #rest(delayMs: number): Promise<void> {
    return new Promise((done) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        done();
      };
      const timer = setTimeout(end, delayMs);
      this.#wake = end;
    });
  }
}
