// A fold without a domain, for the specs of the loop: totals per key, with a deadline. A record is `add N` (told),
// `wait MS` (moves the deadline, told to nobody), `bug` (throws) or anything else (cannot be decoded). Invariant: like a
// real fold it knows its applied offsets, so that what is delivered twice or re-folded counts once.
import { MemoryEventLog, type EventLog, type LogRecord } from '#libs/event-log';
import type { Fold, Rejection, TaskHandle } from '../fold.js';
import { DEFAULT_LIMITS, type Limits } from '../limits.js';
import type { Observer } from '../observer.js';
import { DEFAULT_POLICIES } from '../policies.js';
import type { Progress, Topology } from '../progress.js';
import type { TaskSettings } from '../task-settings.js';

interface Entry {
  readonly key: string;
  total: number;
  version: number;
  deadlineMs: number | null;
  applied: number[];
}

export const TOPOLOGY: Topology = {
  inputs: ['first', 'second'],
  restored: ['registers'],
  progress: 'states',
  rejected: 'rejected',
  codec: {
    key: '!progress',
    encode: (progress) => JSON.stringify(progress, (_, value: unknown) => (value === -Infinity ? null : value)),
    decode: (text) =>
      JSON.parse(text, (name, value: unknown) =>
        name === 'reachedMs' && value === null ? -Infinity : value,
      ) as Progress,
  },
};

export class ToyFold implements Fold {
  readonly entries: Entry[] = [];
  /** What was taken, in its order: `input:offset@time`. */
  readonly taken: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #touched = new Set<number>();
  readonly #changes: { readonly key: string; readonly value: string }[] = [];

  constructor(private readonly handle: TaskHandle) {}

  restore(topic: string, record: LogRecord): void {
    if (topic !== 'registers') return;
    const entry = JSON.parse(text(record.value)) as Entry;
    Object.assign(this.entries[this.#idOf(entry.key)]!, entry);
  }

  absorb(input: number, record: LogRecord): void {
    const id = this.#idOf(text(record.key));
    const entry = this.entries[id]!;
    if ((entry.applied[input] ?? -1) >= record.offset) return;
    const [word, number] = text(record.value).split(' ');
    entry.applied[input] = record.offset;
    if (word === 'wait') entry.deadlineMs = record.timestampMs + Number(number);
    this.handle.markDirty(id);
  }

  restored(): void {
    for (const [id, { deadlineMs }] of this.entries.entries()) this.handle.arm(id, deadlineMs ?? Infinity);
  }

  take(input: number, record: LogRecord, tMs: number): Rejection | undefined {
    const [word, number] = text(record.value).split(' ');
    if (word === 'bug') throw new Error('a planted bug');
    if (word !== 'add' && word !== 'wait') return { reason: `unknown word ${word ?? ''}` };
    this.taken.push(`${input}:${record.offset}@${tMs}`);
    const id = this.#idOf(text(record.key));
    const entry = this.entries[id]!;
    if ((entry.applied[input] ?? -1) >= record.offset) return undefined;
    if ((entry.deadlineMs ?? Infinity) <= tMs) this.fire(id);
    entry.applied[input] = record.offset;
    if (word === 'add') this.#tell(id, { total: entry.total + Number(number), atMs: tMs });
    else {
      entry.deadlineMs = tMs + Number(number);
      this.handle.arm(id, entry.deadlineMs);
      this.handle.markDirty(id);
    }
    return undefined;
  }

  fire(id: number): void {
    const entry = this.entries[id]!;
    const atMs = entry.deadlineMs;
    if (atMs === null) return;
    entry.deadlineMs = null;
    this.handle.arm(id, Infinity);
    this.#tell(id, { total: 0, atMs });
  }

  flush(): void {
    for (const { key, value } of this.#changes.splice(0)) this.handle.write('changes', key, value);
    for (const id of this.#touched) this.save(id);
    this.#touched.clear();
  }

  save(id: number): void {
    this.handle.write('registers', this.entries[id]!.key, JSON.stringify(this.entries[id]));
    this.handle.markSaved(id);
  }

  #tell(id: number, { total, atMs }: { readonly total: number; readonly atMs: number }): void {
    const entry = this.entries[id]!;
    entry.total = total;
    entry.version += 1;
    this.handle.markDirty(id);
    this.#touched.add(id);
    this.#changes.push({ key: entry.key, value: JSON.stringify({ version: entry.version, total, atMs }) });
  }

  #idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.entries.length;
      this.#ids.set(key, id);
      this.entries.push({ key, total: 0, version: 0, deadlineMs: null, applied: [] });
    }
    return id;
  }
}

/** A log with the toy's topics. */
export async function toyLog(now: () => number, partitions = 1): Promise<MemoryEventLog> {
  const log = new MemoryEventLog({ now, controlRecords: true, batchRecords: 7 });
  const topic = (name: string, cleanup: 'delete' | 'compact', retentionMs?: number) =>
    ({
      name,
      partitions,
      cleanup,
      timestamps: 'append',
      ...(retentionMs === undefined ? {} : { retentionMs }),
    }) as const;
  await log.createTopics([
    topic('first', 'delete', 3_600_000),
    topic('second', 'delete', 3_600_000),
    topic('states', 'compact'),
    topic('registers', 'compact'),
    topic('changes', 'delete'),
    topic('rejected', 'delete'),
  ]);
  return log;
}

export interface ToyChoices {
  readonly log: EventLog;
  readonly clock: TaskSettings['clock'];
  readonly limits?: Partial<Limits>;
  readonly policies?: Partial<TaskSettings['policies']>;
  readonly acceptLoss?: boolean;
  readonly observer?: Observer;
}

export function toySettings({ log, clock, limits, policies, acceptLoss, observer }: ToyChoices): TaskSettings {
  return {
    log,
    clock,
    topology: TOPOLOGY,
    createFold: (handle) => new ToyFold(handle),
    limits: { ...DEFAULT_LIMITS, ...limits },
    policies: { ...DEFAULT_POLICIES, ...policies },
    acceptLoss: acceptLoss ?? false,
    observer: observer ?? {},
    group: 'toys',
    transactionalIdOf: (partition) => `toys-${partition}`,
  };
}

/** All values of a topic-partition, as text. */
export async function valuesOf(log: EventLog, topic: string, partition = 0): Promise<string[]> {
  const end = (await log.ends(topic))[partition]!;
  const values: string[] = [];
  for await (const { records } of log.read(topic, partition, 0, end))
    for (const { value } of records) values.push(text(value));
  return values;
}

function text(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes).toString('utf8');
}
