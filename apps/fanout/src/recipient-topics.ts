// Topics `presence.to.<recipient>`: found by polling, checked, read to their ends and followed, so that whatever somebody
// else writes into one is noticed and mended. Invariant: what is wrong with one of them is told, and keeps no other from being
// found and read. It stands apart: it knows no task.
import { decodeRecipientEvent, recipientOf, recipientTopic } from '#libs/contracts';
import {
  LogForbiddenError,
  UnknownTopicError,
  type LogRecord,
  type RecordBatch,
  type Tail,
  type TopicDescription,
} from '#libs/event-log';
import { missingRight } from '#libs/runtime';
import { textOf } from '#libs/views';
import { RecipientTopic } from './recipient-topic.js';
import { inTime, RecipientWriter } from './recipient-writer.js';
import type { FanoutOptions } from './surroundings.js';
import type { Tables } from './tables.js';

export interface RecipientTopicsOptions extends Pick<
  FanoutOptions,
  'log' | 'clock' | 'prefix' | 'topics' | 'limits' | 'lines' | 'meter' | 'onFatal'
> {
  readonly tables: Tables;
  /** A topic can be written from now on: whoever owns senders settles all of them. */
  readonly onReady: (topic: RecipientTopic) => void;
  /** Somebody else wrote about this sender, or wrote what is not right. */
  readonly onSurprise: (topic: RecipientTopic, sender: number) => void;
}

const ASKED_AT_ONCE = 50;
/** Whoever is away answers later, and nobody waits for them. */
const ANSWERED_WITHIN_MS = 1_000;

export class RecipientTopics {
  readonly writer: RecipientWriter;
  readonly #topics = new Map<string, RecipientTopic>();
  readonly #byUser = new Map<number, RecipientTopic>();
  /** Name → why it is not followed; told once. */
  readonly #refused = new Map<string, string>();
  /** Names whose recipient is not known yet, and how many users were looked at for them. */
  readonly #hashed = new Map<string, number>();
  #tail: Tail | undefined;
  #tailBroken = false;
  #polling: Promise<void> | undefined;
  #cancelWake: (() => void) | undefined;
  #closed = false;
  #excess = 0;
  /** Where they end has not been answered yet. */
  readonly #asked = new Set<RecipientTopic>();

  constructor(private readonly options: RecipientTopicsOptions) {
    this.writer = new RecipientWriter({
      ...options,
      onGone: (topic) => {
        this.#forget(topic);
      },
    });
  }

  /** Topics that are followed. */
  get count(): number {
    return this.#topics.size;
  }

  of(user: number): RecipientTopic | undefined {
    return this.#byUser.get(user);
  }

  followed(): IterableIterator<RecipientTopic> {
    return this.#topics.values();
  }

  /** Polls now and then every `pollTopicsEveryMs`. */
  start(): void {
    if (this.#closed) return;
    this.#polling = this.poll()
      .catch((error: unknown) => {
        this.options.lines.warn('recipient topics could not be looked for; tried again', { error });
      })
      .then(() => {
        if (this.#closed) return;
        const { clock, limits } = this.options;
        this.#cancelWake = clock.wakeAt(clock.nowMs() + limits.pollTopicsEveryMs, () => {
          this.start();
        });
      });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWake?.();
    await this.#polling;
    await this.#tail?.close();
  }

  async poll(): Promise<void> {
    const ids = await this.options.log.topicIds();
    const names = [...ids.keys()].filter((name) => name.startsWith(this.options.topics.recipientPrefix));
    const wanted = this.#withoutTwins(this.#withinLimit(names));
    let changed = this.#forgetMissing(new Set(wanted), ids);
    if (await this.#considerAll(wanted.filter((name) => !this.#topics.has(name)))) changed = true;
    this.#measure(names.length);
    this.writer.tryRested(this.#topics.values());
    const isUnread = this.#tail === undefined && this.#topics.size > 0;
    if (changed || isUnread || this.#tailBroken) await this.#follow();
    await this.#announceReady();
  }

  #measure(there: number): void {
    const followed = [...this.#topics.values()];
    const failing = followed.filter(({ isFailing }) => isFailing).length;
    this.options.meter.recipientTopics({ followed: followed.length, failing, refused: there - followed.length });
  }

  /** The same topics on every instance, whoever found them first. */
  #withinLimit(names: readonly string[]): readonly string[] {
    const { limits, lines } = this.options;
    const excess = Math.max(0, names.length - limits.maxRecipientTopics);
    if (excess > 0 && excess !== this.#excess) {
      const sentence = `MAX_RECIPIENT_TOPICS is ${limits.maxRecipientTopics} and there are ${names.length}: the last ${excess} by name are not written`;
      lines.error(`too many recipient topics: ${sentence}`);
    }
    this.#excess = excess;
    return [...names].sort().slice(0, limits.maxRecipientTopics);
  }

  /** Hexadecimal digits are read in either case, so one recipient may have several topics: all instances write the same one. */
  #withoutTwins(names: readonly string[]): readonly string[] {
    const { prefix } = this.options;
    const chosen = new Map<string, string>();
    for (const name of names) {
      const recipient = recipientOf(prefix, name);
      if (recipient.kind !== 'user') continue;
      const { userId } = recipient;
      if (!chosen.has(userId) || name === recipientTopic(prefix, userId)) chosen.set(userId, name);
    }
    return names.filter((name) => {
      const recipient = recipientOf(prefix, name);
      const isChosen = recipient.kind !== 'user' || chosen.get(recipient.userId) === name;
      if (!isChosen) this.#refuse(name, 'another topic belongs to the same recipient');
      return isChosen;
    });
  }

  async #considerAll(names: readonly string[]): Promise<boolean> {
    let changed = false;
    for (let first = 0; first < names.length; first += ASKED_AT_ONCE) {
      const followed = await Promise.all(names.slice(first, first + ASKED_AT_ONCE).map((name) => this.#consider(name)));
      if (followed.includes(true)) changed = true;
    }
    return changed;
  }

  /** Those deleted and created again as well: they are found anew. */
  #forgetMissing(wanted: ReadonlySet<string>, there: ReadonlyMap<string, string>): boolean {
    let changed = false;
    for (const topic of this.#topics.values()) {
      if (wanted.has(topic.name) && there.get(topic.name) === topic.id) continue;
      this.#forget(topic);
      changed = true;
    }
    for (const name of this.#refused.keys()) if (!there.has(name)) this.#refused.delete(name);
    for (const name of this.#hashed.keys()) if (!there.has(name)) this.#hashed.delete(name);
    return changed;
  }

  /** true: it is followed now. */
  async #consider(name: string): Promise<boolean> {
    const user = this.#recipientOf(name);
    if (user === undefined) return false;
    const description = await this.#describe(name);
    if (description === undefined) return false;
    const fault = this.#faultOf(description, user);
    if (fault !== undefined) {
      this.#refuse(name, fault);
      return false;
    }
    this.#refused.delete(name);
    const topic = new RecipientTopic(name, description.id, user, description.partitions);
    this.#topics.set(name, topic);
    this.#byUser.set(user, topic);
    this.options.lines.info('a recipient topic is followed from now on');
    return true;
  }

  /** `undefined`: it is not there any more, or may not be looked at. */
  async #describe(name: string): Promise<TopicDescription | undefined> {
    try {
      return await this.options.log.describeTopic(name);
    } catch (error) {
      if (!(error instanceof LogForbiddenError)) throw error;
      this.#refuse(name, missingRight(error));
      return undefined;
    }
  }

  #faultOf(description: TopicDescription, user: number): string | undefined {
    if (description.cleanup !== 'compact') return `its cleanup policy is ${description.cleanup}, and must be compact`;
    if (description.retentionMs !== undefined) return 'its cleanup policy is compact,delete, and must be compact alone';
    if (this.#byUser.has(user)) return 'another topic belongs to the same recipient';
    return undefined;
  }

  #recipientOf(name: string): number | undefined {
    const recipient = recipientOf(this.options.prefix, name);
    switch (recipient.kind) {
      case 'user':
        return this.options.tables.users.intern(recipient.userId);
      case 'hashed':
        return this.#unhashed(name);
      case 'invalid':
        this.#refuse(name, recipient.reason);
        return undefined;
      case 'other':
        return undefined;
    }
  }

  /** Known users whose names are too long for a topic, compared one by one; each is looked at once for a topic. */
  #unhashed(name: string): number | undefined {
    const { users } = this.options.tables;
    const { prefix } = this.options;
    const longest = 249 - this.options.topics.recipientPrefix.length;
    for (let user = this.#hashed.get(name) ?? 0; user < users.size; user++) {
      const userId = users.nameOf(user);
      // Every byte of a name takes at least one character and at most three.
      if (userId.length * 9 > longest && recipientTopic(prefix, userId) === name) return user;
    }
    this.#hashed.set(name, users.size);
    return undefined;
  }

  #refuse(name: string, reason: string): void {
    if (this.#refused.get(name) === reason) return;
    this.#refused.set(name, reason);
    this.options.lines.error(`a recipient topic is not written: ${reason}`, { topic: name });
  }

  #forget(topic: RecipientTopic): void {
    topic.ready = false;
    if (this.#topics.get(topic.name) === topic) this.#topics.delete(topic.name);
    if (this.#byUser.get(topic.user) === topic) this.#byUser.delete(topic.user);
  }

  /** One tail over all topics: it goes on where it was in those that stay, and from the start in the others. */
  async #follow(): Promise<void> {
    const old = this.#tail;
    const starts = new Map<string, readonly number[]>();
    for (const topic of this.#topics.values()) {
      if (this.#tailBroken) topic.unread();
      // Asking where it begins would wait for a broker that may be away, and everybody with it.
      const begin = new Array<number>(topic.partitions).fill(0);
      starts.set(topic.name, topic.ready && old !== undefined ? old.positions(topic.name) : begin);
    }
    this.#tail = undefined;
    this.#tailBroken = false;
    await old?.close();
    if (starts.size === 0 || this.#closed) return;
    this.#tail = await this.options.log.tail({
      topics: starts,
      onBatch: (batch) => {
        this.#take(batch);
      },
      onError: (error, fatal) => {
        if (fatal) this.#tailBroken = true;
        this.options.lines.warn('recipient topics could not be read; tried again', { error });
      },
    });
  }

  /** Most of what comes was written here a moment ago: its bytes are not even looked at. */
  #take(batch: RecordBatch): void {
    const topic = this.#topics.get(batch.topic);
    if (topic === undefined) return;
    if (!topic.isPassed(batch.partition, batch.nextOffset)) {
      for (const record of batch.records) this.#takeRecord(topic, record);
      topic.read(batch.partition, batch.nextOffset);
    }
    if (!topic.ready) this.#lookWhetherReady(topic, batch.partition, batch.nextOffset);
  }

  #takeRecord(topic: RecipientTopic, record: LogRecord): void {
    const key = textOf(record.key);
    if (key === undefined || key === null) return;
    const sender = this.options.tables.users.intern(key);
    if (topic.knows(sender, record.offset)) return;
    const value = textOf(record.value);
    if (value === undefined) return;
    const decoded = decodeRecipientEvent({ key, value, headers: record.headers });
    const held = decoded.ok
      ? { life: decoded.record.life, version: decoded.record.version, present: decoded.record.content !== undefined }
      : { life: -1, version: 0, present: value !== null };
    const isNews = topic.hold(sender, { ...held, offset: record.offset }) === 'news';
    if (isNews && topic.ready) this.options.onSurprise(topic, sender);
  }

  /** In all topics that are not ready: where they end, and whether everything up to there has been read. */
  async #announceReady(): Promise<void> {
    const unready = [...this.#topics.values()].filter((topic) => !topic.ready && !this.#asked.has(topic));
    for (let first = 0; first < unready.length; first += ASKED_AT_ONCE) {
      const asked = Promise.all(unready.slice(first, first + ASKED_AT_ONCE).map((topic) => this.#announce(topic)));
      await inTime(this.options.clock, asked, ANSWERED_WITHIN_MS);
    }
  }

  async #announce(topic: RecipientTopic): Promise<void> {
    if (topic.ready || this.#tail === undefined) return;
    this.#asked.add(topic);
    try {
      topic.endsAtFirst ??= await this.options.log.ends(topic.name);
      this.#lookWhetherReady(topic, 0, 0);
    } catch (error) {
      if (error instanceof UnknownTopicError) this.#forget(topic);
      else
        this.options.lines.warn('a recipient topic could not be looked at; tried again', { topic: topic.name, error });
    } finally {
      this.#asked.delete(topic);
    }
  }

  /** The tail's own position moves only after the batch under way. */
  #lookWhetherReady(topic: RecipientTopic, partition: number, nextOffset: number): void {
    const tail = this.#tail;
    if (tail === undefined || topic.endsAtFirst === undefined) return;
    const positions = tail.positions(topic.name);
    const isRead = topic.endsAtFirst.every(
      (end, index) => Math.max(positions[index] ?? 0, index === partition ? nextOffset : 0) >= end,
    );
    if (!isRead) return;
    topic.endsAtFirst.forEach((end, index) => {
      topic.read(index, end);
    });
    topic.ready = true;
    topic.endsAtFirst = undefined;
    this.options.onReady(topic);
  }
}
