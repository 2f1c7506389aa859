// One member of a group in this process: its partitions, positions and deliveries. Invariant: nothing is delivered of a
// partition that is lost, paused, or not yet sought in all its topics, and nothing from before a seek, since every
// delivery reads at the position of that moment. The coordinator alone assigns and revokes.
import { OffsetOutOfRangeError } from './errors.js';
import { TURN_RECORDS, type LocalStore } from './local-store.js';
import type { GroupMember, GroupOptions, RecordBatch } from './port.js';

interface Flow {
  readonly topic: string;
  readonly partition: number;
  position: number;
  sought: boolean;
  paused: boolean;
}

/** What a member asks of its coordinator. */
export interface MemberHome {
  rejoin(member: LocalMember): Promise<void>;
  leave(member: LocalMember): Promise<void>;
}

export class LocalMember implements GroupMember {
  private readonly owned = new Map<number, Flow[]>();
  private ready: Flow[] = [];
  private next = 0;
  private scheduled: NodeJS.Immediate | undefined;
  /** When it was suspended; a suspended member neither receives nor beats. */
  private suspendedAtMs: number | undefined;
  left = false;

  constructor(
    private readonly store: LocalStore,
    readonly options: GroupOptions,
    private readonly home: MemberHome,
  ) {}

  get assigned(): ReadonlySet<number> {
    return new Set(this.owned.keys());
  }

  get suspended(): boolean {
    return this.suspendedAtMs !== undefined;
  }

  assign(partitions: readonly number[]): void {
    for (const partition of partitions) {
      const flows = this.options.topics.map((topic) => ({
        topic,
        partition,
        position: 0,
        sought: false,
        paused: false,
      }));
      this.owned.set(partition, flows);
    }
    this.tell(() => this.options.onAssigned(partitions));
  }

  /** An owner that throws while it is told of its partitions is broken; the group goes on. */
  private tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.options.onError(error as Error, true);
    }
  }

  revoke(partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) this.owned.delete(partition);
    this.refresh();
    this.tell(() => this.options.onRevoked(partitions));
  }

  private flow(topic: string, partition: number): Flow | undefined {
    return this.owned.get(partition)?.find((flow) => flow.topic === topic);
  }

  seek(topic: string, partition: number, offset: number): void {
    const flow = this.flow(topic, partition);
    if (flow === undefined) return;
    flow.position = offset;
    flow.sought = true;
    this.refresh();
  }

  pause(topic: string, partition: number): void {
    const flow = this.flow(topic, partition);
    if (flow !== undefined) flow.paused = true;
    this.refresh();
  }

  resume(topic: string, partition: number): void {
    const flow = this.flow(topic, partition);
    if (flow !== undefined) flow.paused = false;
    this.refresh();
  }

  lastHeartbeatMs(): number {
    return this.suspendedAtMs ?? this.store.nowMs();
  }

  rejoin(): Promise<void> {
    return this.home.rejoin(this);
  }

  leave(): Promise<void> {
    return this.home.leave(this);
  }

  suspend(): void {
    this.suspendedAtMs ??= this.store.nowMs();
  }

  awake(): void {
    this.suspendedAtMs = undefined;
    this.wake();
  }

  /** Delivers what is to be committed with what the owner writes now, if it has all that is committed. true = there was some. */
  takeEarly(): boolean {
    if (this.options.early !== true || this.left || this.suspended) return false;
    let took = false;
    try {
      for (const flow of this.ready) took = this.takePending(flow) || took;
    } catch (error) {
      this.breakOff(error);
    }
    return took;
  }

  /** True if anything was delivered that was then lost. */
  isBeyond(): boolean {
    return [...this.owned.values()].flat().some((flow) => flow.position > this.store.end(flow.topic, flow.partition));
  }

  /** A fault for simulations: what lies after `offset` is delivered once more, although nobody sought. */
  redeliver(topic: string, partition: number, offset: number): void {
    const flow = this.flow(topic, partition);
    if (flow?.sought === true) flow.position = Math.min(flow.position, offset);
    this.wake();
  }

  private refresh(): void {
    this.ready = [...this.owned.values()]
      .filter((flows) => flows.every((flow) => flow.sought))
      .flatMap((flows) => flows.filter((flow) => !flow.paused));
    this.wake();
  }

  wake(): void {
    if (this.ready.length > 0 && !this.suspended) this.scheduled ??= setImmediate(() => this.pump());
  }

  private pump(): void {
    this.scheduled = undefined;
    if (this.left || this.suspended) return;
    try {
      let records = 0;
      while (records < TURN_RECORDS && !this.left && !this.suspended) {
        const delivered = this.deliverOne();
        if (delivered === undefined) return;
        records += Math.max(1, delivered);
      }
      this.wake();
    } catch (error) {
      this.breakOff(error);
    }
  }

  private breakOff(error: unknown): void {
    this.left = true;
    this.options.onError(error as Error, true);
  }

  private takePending(flow: Flow): boolean {
    const { topic, partition, position } = flow;
    const pendingEnd = this.store.pendingEnd?.(topic, partition) ?? position;
    if (position >= pendingEnd || position !== this.store.end(topic, partition)) return false;
    const batch = this.store.readPending?.(topic, partition, position);
    if (batch === undefined) return false;
    this.deliver(flow, batch);
    return true;
  }

  private deliver(flow: Flow, batch: RecordBatch): void {
    flow.position = batch.nextOffset;
    this.options.onBatch(batch);
  }

  /** How many records the next batch had; undefined: there is none. */
  private deliverOne(): number | undefined {
    const flows = this.ready;
    for (let tried = 0; tried < flows.length; tried++) {
      const flow = flows[this.next++ % flows.length] as Flow;
      const end = this.store.end(flow.topic, flow.partition);
      if (flow.position === end || this.isAhead(flow)) continue;
      this.mendPosition(flow, end);
      if (flow.position >= end) continue;
      const batch = this.store.readBatch(flow.topic, flow.partition, flow.position, end);
      this.deliver(flow, batch);
      return batch.records.length;
    }
    return undefined;
  }

  /** It was handed what is being committed. */
  private isAhead({ topic, partition, position }: Flow): boolean {
    const pendingEnd = this.options.early === true ? this.store.pendingEnd?.(topic, partition) : undefined;
    return pendingEnd !== undefined && position > this.store.end(topic, partition) && position <= pendingEnd;
  }

  private mendPosition(flow: Flow, end: number): void {
    const name = `${flow.topic}-${flow.partition}`;
    if (flow.position > end) throw new OffsetOutOfRangeError(`${name} ends at ${end}, before ${flow.position}`);
    const start = this.store.start(flow.topic, flow.partition);
    if (flow.position >= start) return;
    const lost = `${name}: ${flow.position} to ${start} were deleted before they were read`;
    flow.position = start;
    this.options.onError(new OffsetOutOfRangeError(lost), false);
  }
}
