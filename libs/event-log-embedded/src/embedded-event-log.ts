// The embedded log: the port on LMDB, one writing process, no server. Invariant: what is acknowledged is on disk, and what
// readers see is on disk, but for early members of groups, who begin again if it never gets there. Readers in other
// processes are welcome beside the writer (`readOnly`).
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Appended,
  DEFAULT_MAX_RECORD_BYTES,
  type EventLog,
  GroupCoordinator,
  type GroupFaults,
  type GroupMember,
  type GroupOffset,
  type GroupOptions,
  type LocalStore,
  LocalTails,
  LogUnavailableError,
  type NewRecord,
  partitionOf,
  readLocal,
  type RecordBatch,
  type Tail,
  type TailOptions,
  type TopicDescription,
  type TopicSpec,
  type Transactor,
} from '#libs/event-log';
import { ChunkReader } from './chunk-reader.js';
import { Environment, unavailable } from './environment.js';
import { FreshChunks } from './fresh-chunks.js';
import { GroupCommit } from './group-commit.js';
import { hold, refuseIfHeld } from './holder.js';
import { LogWriter } from './log-writer.js';
import { CommittedOffsets } from './offsets.js';
import { SnapshotReader } from './snapshot-reader.js';
import { TopicRegistry } from './topic-registry.js';
import { Upkeep } from './upkeep.js';

export interface EmbeddedEventLogOptions {
  readonly directory: string;
  /** Milliseconds since the Unix epoch; default: the wall clock. */
  readonly now?: () => number;
  /** Reads beside a running writer; every write is refused. */
  readonly readOnly?: boolean;
  /** false: nothing is synced to disk, for tests and simulations (default true). */
  readonly durable?: boolean;
  readonly maxRecordBytes?: number;
  /** Milliseconds for which tombstones of compacted topics stay readable (default a day). */
  readonly tombstoneLagMs?: number;
  /** Milliseconds between two looks at retention and compaction (default 5,000; 0 = only by `housekeep`). */
  readonly upkeepMs?: number;
  /** Milliseconds between two looks of a read-only log's tails (default 25). */
  readonly pollMs?: number;
  /** For simulations: asked at every commit, which fails with what it gives. */
  readonly commitFault?: () => Error | undefined;
  /** Told when upkeep in the background fails; it is tried again at the next look. */
  readonly onError?: (error: Error) => void;
}

/** What there is only in the one process that writes. */
interface Writing {
  readonly commits: GroupCommit;
  readonly writer: LogWriter;
  readonly upkeep: Upkeep;
  readonly release: () => Promise<void>;
}

export class EmbeddedEventLog implements EventLog {
  private readonly store: LocalStore;
  private readonly tails: LocalTails;
  private readonly groups: GroupCoordinator;
  private readonly offsets: CommittedOffsets;
  private readonly snapshots: SnapshotReader | undefined;
  private readonly writing: Writing | undefined;
  private closing: Promise<void> | undefined;

  static async open(options: EmbeddedEventLogOptions): Promise<EmbeddedEventLog> {
    const { directory, readOnly = false, durable = true } = options;
    if (readOnly) {
      if (!existsSync(join(directory, 'data.mdb'))) throw new LogUnavailableError(`There is no log in ${directory}`);
    } else {
      try {
        mkdirSync(directory, { recursive: true });
      } catch (error) {
        throw unavailable(directory, 'create', error);
      }
      await refuseIfHeld(directory);
    }
    const environment = Environment.open({ directory, readOnly, durable });
    try {
      if (!readOnly) await environment.makeRoom();
      const release = readOnly ? undefined : hold(environment, randomUUID());
      return new EmbeddedEventLog(environment, options, release);
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  private readonly registry: TopicRegistry;
  private readonly reader: ChunkReader;
  private readonly fresh = new FreshChunks();

  private constructor(
    private readonly environment: Environment,
    options: EmbeddedEventLogOptions,
    release: (() => Promise<void>) | undefined,
  ) {
    const nowMs = options.now ?? Date.now;
    this.registry = new TopicRegistry(environment);
    this.reader = new ChunkReader(environment);
    this.offsets = new CommittedOffsets(environment, this.registry);
    this.snapshots = release === undefined ? new SnapshotReader(environment, this.registry) : undefined;
    this.store = this.localStore(nowMs);
    this.tails = new LocalTails(this.store);
    this.groups = new GroupCoordinator(this.store);
    if (release !== undefined) this.writing = this.startWriting(options, nowMs, release);
    else this.snapshots?.poll(options.pollMs ?? 25, (topic) => this.moved(topic));
  }

  private startWriting(options: EmbeddedEventLogOptions, nowMs: () => number, release: () => Promise<void>): Writing {
    const { environment, registry, reader } = this;
    const commits = new GroupCommit(environment, {
      fault: options.commitFault ?? (() => undefined),
      onGathered: () => this.groups.takeEarly(),
      onCommitted: (group) => {
        this.fresh.keep(group);
        for (const topic of group.topics) this.moved(topic);
      },
      onTakenBack: () => {
        this.groups.takenBack();
      },
    });
    const maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    const writer = new LogWriter({ commits, registry, offsets: this.offsets, nowMs, maxRecordBytes });
    const upkeep = new Upkeep({ environment, reader, commits }, registry, {
      nowMs,
      tombstoneLagMs: options.tombstoneLagMs ?? 86_400_000,
      everyMs: options.upkeepMs ?? 5000,
      onError: options.onError ?? (() => undefined),
    });
    return { commits, writer, upkeep, release };
  }

  private localStore(nowMs: () => number): LocalStore {
    const partition = (topic: string, number: number) => {
      this.requireOpen();
      return this.registry.partition(topic, number);
    };
    const see = this.snapshots;
    return {
      partitions: (topic) => {
        this.requireOpen();
        see?.look();
        return this.registry.get(topic).partitions.length;
      },
      start: (topic, number) => see?.head(partition(topic, number)).start ?? partition(topic, number).visibleStart,
      end: (topic, number) => see?.head(partition(topic, number)).next ?? partition(topic, number).visibleNext,
      readBatch: (topic, number, from, to) => {
        const of = partition(topic, number);
        return this.fresh.batch(of, from, to) ?? this.reader.read(of, from, to);
      },
      pendingEnd: (topic, number) => partition(topic, number).head.next,
      readPending: (topic, number, from) => this.writing?.commits.open?.readFrom(partition(topic, number), from),
      nowMs,
    };
  }

  private moved(topic: string): void {
    this.tails.moved(topic);
    this.groups.moved(topic);
  }

  private requireOpen(): void {
    if (this.closing !== undefined)
      throw new LogUnavailableError(`The log in ${this.environment.options.directory} is closed`);
  }

  private get writer(): LogWriter {
    this.requireOpen();
    if (this.writing === undefined) {
      throw new LogUnavailableError(`The log in ${this.environment.options.directory} was opened read-only`);
    }
    return this.writing.writer;
  }

  /** Hooks for simulations: suspend, expire and wake members of groups. */
  get groupFaults(): GroupFaults {
    return this.groups.faults;
  }

  /** Applies retention and compaction now, to the end. */
  async housekeep(): Promise<void> {
    this.requireOpen();
    await this.writing?.upkeep.run(true);
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    await this.writer.createTopics(specs);
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    this.look();
    return this.registry.find(name)?.description;
  }

  async listTopics(): Promise<readonly string[]> {
    this.look();
    return this.registry.names();
  }

  async topicIds(): Promise<ReadonlyMap<string, string>> {
    this.look();
    return new Map(this.registry.names().map((name) => [name, this.registry.get(name).description.id]));
  }

  private look(): void {
    this.requireOpen();
    this.snapshots?.look();
  }

  async deleteTopic(name: string): Promise<void> {
    await this.writer.deleteTopic(name);
    this.moved(name);
  }

  async starts(topic: string): Promise<readonly number[]> {
    this.look();
    return this.registry.get(topic).partitions.map(({ partition }) => this.store.start(topic, partition));
  }

  /** Waits for what was stamped before: whoever sees an end knows that no earlier time is still to come. */
  async ends(topic: string): Promise<readonly number[]> {
    this.look();
    await this.writing?.writer.settled(topic);
    return this.registry.get(topic).partitions.map(({ partition }) => this.store.end(topic, partition));
  }

  async offsetsAt(topic: string, timeMs: number): Promise<readonly number[]> {
    const [starts, ends] = [await this.starts(topic), await this.ends(topic)];
    return this.registry
      .get(topic)
      .partitions.map((partition, index) =>
        this.reader.offsetAt(partition, timeMs, { from: starts[index] ?? 0, to: ends[index] ?? 0 }),
      );
  }

  async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.writer.append(topic, records);
  }

  read(topic: string, partition: number, from: number, to: number): AsyncIterable<RecordBatch> {
    return readLocal(this.store, topic, partition, { from, to });
  }

  async tail(options: TailOptions): Promise<Tail> {
    return this.tails.open(options);
  }

  async join(options: GroupOptions): Promise<GroupMember> {
    return this.groups.join(options);
  }

  async transactor(transactionalId: string): Promise<Transactor> {
    return this.writer.transactor(transactionalId);
  }

  async commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    await this.writer.commit(group, positions);
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    this.look();
    return this.offsets.get(group, topic);
  }

  /** Of this process: nobody else can join while it holds the directory. */
  async memberCount(group: string): Promise<number> {
    return this.groups.memberCount(group);
  }

  clockDifferenceMs(): number {
    return 0;
  }

  partitionOf(key: string | Uint8Array, partitions: number): number {
    return partitionOf(key, partitions);
  }

  /** Finishes what was begun, lets go of the directory, and returns when nothing is left running. */
  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  private async shut(): Promise<void> {
    this.snapshots?.stop();
    await Promise.all([this.tails.close(), this.groups.close()]);
    if (this.writing !== undefined) {
      await this.writing.upkeep.stop();
      await this.writing.writer.close();
      await this.writing.release().catch(() => {
        // On a disk that refuses writes the record stays; the next writer sees that its holder is gone.
      });
    }
    await this.environment.close();
  }
}
