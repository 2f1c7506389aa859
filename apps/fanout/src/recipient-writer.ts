// Writes to recipient topics what they lack. Invariant: only topics that are ready are written, every sender's records by the task
// that owns the sender; and one that takes nothing keeps nobody waiting for long, for whoever makes a topic may have made it so
// (a right that is missing, more replicas wanted than there are, a record too large for it).
import { LogForbiddenError, LogUnavailableError, UnknownTopicError } from '#libs/event-log';
import { missingRight } from '#libs/runtime';
import { lackOf, LacksNow, type Lacking } from './recipient-lacks.js';
import type { RecipientTopic } from './recipient-topic.js';
import type { FanoutOptions } from './surroundings.js';
import type { Tables } from './tables.js';
import type { Settlements } from './telling.js';

export interface RecipientWriterOptions extends Pick<FanoutOptions, 'log' | 'clock' | 'lines' | 'meter' | 'onFatal'> {
  readonly tables: Tables;
  /** A topic can be written from now on: whoever owns senders settles all of them. */
  readonly onReady: (topic: RecipientTopic) => void;
  /** Something may have changed while it was written. */
  readonly onSurprise: (topic: RecipientTopic, sender: number) => void;
  readonly onGone: (topic: RecipientTopic) => void;
}

/** For which a step waits for a topic that has taken everything so far. */
const PATIENCE_MS = 5_000;

interface Writing {
  readonly topic: RecipientTopic;
  readonly lacks: readonly Lacking[];
}

interface Failure {
  readonly topic: RecipientTopic;
  readonly error: Error;
}

export class RecipientWriter {
  constructor(private readonly options: RecipientWriterOptions) {}

  /** Those that have rested are tried again. */
  tryRested(topics: Iterable<RecipientTopic>): void {
    const nowMs = this.options.clock.nowMs();
    for (const topic of topics) {
      if (topic.writing !== 'resting' || topic.restsUntilMs > nowMs) continue;
      topic.writing = 'suspect';
      if (topic.ready) this.options.onReady(topic);
    }
  }

  /**
   * What these topics lack of these senders now is written, to all of them at once. Resolves when they have it, but for those that
   * take nothing now: they are audited when they do again. A topic that is gone is forgotten.
   */
  async settle(settlements: Settlements): Promise<void> {
    const { tables, clock } = this.options;
    const now = new LacksNow(tables, clock.nowMs());
    const [taking, suspects]: [Writing[], Writing[]] = [[], []];
    for (const [topic, senders] of settlements) {
      if (!topic.ready || topic.writing === 'trying' || topic.writing === 'resting') continue;
      const lacks = now.of(topic, senders);
      if (lacks.length > 0) (topic.writing === 'taking' ? taking : suspects).push({ topic, lacks });
    }
    for (const { topic } of suspects) topic.writing = 'trying';
    void this.#writeAll(suspects);
    if (taking.length === 0) return;
    const unanswered = new Set(taking.map(({ topic }) => topic));
    await this.#inTime(this.#writeAll(taking, unanswered));
    for (const topic of unanswered) if (topic.writing === 'taking') topic.writing = 'trying';
  }

  /** Never rejects. Whoever has answered is taken out of `unanswered`. */
  async #writeAll(writings: readonly Writing[], unanswered = new Set<RecipientTopic>()): Promise<void> {
    const failures: Failure[] = [];
    try {
      await Promise.all(
        writings.map(async ({ topic, lacks }) => {
          const error = await this.#write(topic, lacks);
          unanswered.delete(topic);
          if (error !== undefined) failures.push({ topic, error });
        }),
      );
      this.#tellResting(failures);
    } catch (error) {
      this.options.onFatal(error as Error);
    }
  }

  #inTime(written: Promise<void>): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.nowMs() + PATIENCE_MS, resolve);
      void written.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Why the log did not take all of it. */
  async #write(topic: RecipientTopic, lacks: readonly Lacking[]): Promise<Error | undefined> {
    const { log, clock, meter, tables } = this.options;
    let appended;
    try {
      appended = await log.append(
        topic.name,
        lacks.map(({ record }) => record),
      );
    } catch (error) {
      if (error instanceof UnknownTopicError) this.options.onGone(topic);
      else topic.rest(clock.nowMs());
      return error instanceof UnknownTopicError ? undefined : (error as Error);
    }
    for (const [index, { sender, life, version, present }] of lacks.entries()) {
      const { partition = 0, offset = 0 } = appended[index] ?? {};
      topic.hold(sender, { life, version, present, offset });
      topic.wrote(partition, offset);
      // Things may have changed while it was being written, and the task may be another one since.
      if (lackOf(tables, topic, sender) !== 'nothing') this.options.onSurprise(topic, sender);
    }
    meter.wroteRecipients(lacks.length);
    if (topic.writing !== 'trying') return undefined;
    topic.tookRecords();
    if (topic.ready) this.options.onReady(topic);
    return undefined;
  }

  #tellResting(failures: readonly Failure[]): void {
    const { lines, meter } = this.options;
    // What an administrator has to mend is told first.
    const failure = failures.find(({ error }) => !(error instanceof LogUnavailableError)) ?? failures[0];
    if (failure === undefined) return;
    meter.retried();
    const { topic, error } = failure;
    const who = failures.length === 1 ? 'a recipient topic takes' : `${failures.length} recipient topics take`;
    const why = error instanceof LogForbiddenError ? `: ${missingRight(error)}` : '';
    lines.warn(`${who} no records, and nobody waits for it; tried again after a while${why}`, {
      topic: topic.name,
      error,
    });
  }
}
