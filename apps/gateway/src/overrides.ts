// The overrides in force, as the command topic tells them: no other public topic does. Invariant: exact for as long as the topic
// keeps commands (30 days); an older override goes on working in the engine, but is not shown here any more.
import { isUtf8 } from 'node:buffer';
import { decodeCommand } from '#libs/contracts';
import type { Appended, Clock, LogRecord, RecordBatch } from '#libs/event-log';
import type { Presence } from '#libs/presence';

/** Nearly all commands are something else and need not be parsed: the words stand in every record that matters. */
const WORDS = ['presence.override', 'user.forget'].map((word) => Buffer.from(word));

export class Overrides {
  readonly #presences = new Map<string, Presence>();
  readonly #positions: number[];
  #ends: readonly number[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(
    partitions: number,
    private readonly clock: Clock,
    private readonly maxWaitMs: number,
  ) {
    this.#positions = new Array<number>(partitions).fill(0);
  }

  /** Where the topic ended when reading began. */
  expect(ends: readonly number[]): void {
    this.#ends = ends;
  }

  get complete(): boolean {
    return this.#ends.every((end, partition) => (this.#positions[partition] ?? 0) >= end);
  }

  of(userId: string): Presence | undefined {
    return this.#presences.get(userId);
  }

  take(batch: RecordBatch): void {
    for (const record of batch.records) this.#takeRecord(record);
    this.#positions[batch.partition] = batch.nextOffset;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Resolves when the command at this place has been read here, or after a bounded time. */
  whenPast({ partition, offset }: Appended): Promise<void> {
    const isPast = (): boolean => (this.#positions[partition] ?? 0) > offset;
    if (isPast()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#listeners.delete(look);
        cancel();
        resolve();
      };
      const look = (): void => {
        if (isPast()) finish();
      };
      const cancel = this.clock.wakeAt(this.clock.nowMs() + this.maxWaitMs, finish);
      this.#listeners.add(look);
    });
  }

  #takeRecord({ key, value }: LogRecord): void {
    if (key === null || value === null) return;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (!WORDS.some((word) => bytes.includes(word)) || !isUtf8(bytes) || !isUtf8(key)) return;
    const decoded = decodeCommand(bytes.toString('utf8'), Buffer.from(key).toString('utf8'));
    if (!decoded.ok) return;
    const { userId, input } = decoded.record;
    if (input.type === 'presence.override' && input.presence !== undefined) this.#presences.set(userId, input.presence);
    else if (input.type !== 'presence.set') this.#presences.delete(userId);
  }
}
