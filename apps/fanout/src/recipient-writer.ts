// Writes to recipient topics what they lack. Invariant: only topics that are ready are written, every sender's records by the task
// that owns the sender; and one that takes nothing keeps nobody waiting for long, for whoever makes a topic may have made it so
// (a right that is missing, more replicas wanted than there are, a record too large for it).
import {
  LogForbiddenError,
  LogUnavailableError,
  RecordTooLargeError,
  sizeOfRecord,
  UnknownTopicError,
  type Appended,
  type Clock,
} from '#libs/event-log';
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

/** For which a step waits for topics that have taken everything so far. */
const PATIENCE_MS = 5_000;
/** A busy broker needs a millisecond for the first record of a topic: of thousands at once none is to be called dead for that. */
const PATIENCE_A_TOPIC_MS = 3;
/** The last of many have so long at any rate. */
const LEAST_PATIENCE_MS = 250;
/** Records by which a topic is tried. */
const TRIAL = 10;
const NOWHERE: Appended = { partition: 0, offset: 0, timestampMs: 0 };

interface Writing {
  readonly topic: RecipientTopic;
  readonly lacks: readonly Lacking[];
}

interface Outcome {
  readonly written: number;
  /** Why not all of them are. */
  readonly error: Error | undefined;
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
   * take nothing now: they are audited when they do again. A topic that is gone is forgotten. `untilMs`: whoever has not answered
   * by then is tried on without anybody waiting, but everybody has a moment.
   */
  async settle(settlements: Settlements, untilMs = this.patienceEndsMs(settlements.size)): Promise<void> {
    const { tables, clock, onFatal } = this.options;
    const now = new LacksNow(tables, clock.nowMs());
    const [taking, suspects]: [Writing[], Writing[]] = [[], []];
    for (const [topic, senders] of settlements) {
      if (!topic.ready || topic.isFailing) continue;
      const lacks = now.of(topic, senders);
      if (lacks.length === 0) continue;
      if (topic.writing === 'taking') taking.push({ topic, lacks });
      else suspects.push({ topic, lacks: smallest(lacks) });
    }
    for (const { topic } of suspects) topic.writing = 'trying';
    this.#writeAll(suspects, PATIENCE_MS).catch(onFatal);
    if (taking.length === 0) return;
    const unanswered = new Set(taking.map(({ topic }) => topic));
    const spanMs = Math.max(untilMs - clock.nowMs(), LEAST_PATIENCE_MS);
    await inTime(clock, this.#writeAll(taking, spanMs, unanswered).catch(onFatal), spanMs);
    for (const topic of unanswered) if (topic.writing === 'taking') topic.writing = 'trying';
  }

  /** For all the topics that a step that begins now has to settle. */
  patienceEndsMs(topics: number): number {
    return this.options.clock.nowMs() + PATIENCE_MS + topics * PATIENCE_A_TOPIC_MS;
  }

  /** Whoever has answered is taken out of `unanswered`. */
  async #writeAll(writings: readonly Writing[], spanMs: number, unanswered = new Set<RecipientTopic>()): Promise<void> {
    const failures: Failure[] = [];
    await Promise.all(
      writings.map(async (writing) => {
        const error = await this.#write(writing, spanMs);
        unanswered.delete(writing.topic);
        if (error !== undefined) failures.push({ topic: writing.topic, error });
      }),
    );
    this.#tellResting(failures);
  }

  /** Why the log did not take all of it. */
  async #write({ topic, lacks }: Writing, spanMs: number): Promise<Error | undefined> {
    const { clock, onGone, onReady } = this.options;
    const begunMs = clock.nowMs();
    const { written, error } = await this.#append(topic, lacks);
    if (error instanceof UnknownTopicError) {
      onGone(topic);
      return undefined;
    }
    const nowMs = clock.nowMs();
    const wasTried = topic.writing === 'trying';
    if (error !== undefined) topic.rest(nowMs);
    if (written > 0 && wasTried) {
      // One that needs so long is not waited for again.
      if (nowMs - begunMs < Math.max(PATIENCE_MS, spanMs)) topic.took(nowMs);
      else topic.writing = 'suspect';
      if (topic.ready) onReady(topic);
    }
    return error;
  }

  /** In halves when it is too large for the topic: one record that is must not keep out the others. */
  async #append(topic: RecipientTopic, lacks: readonly Lacking[]): Promise<Outcome> {
    const { log, meter } = this.options;
    let appended: readonly Appended[];
    try {
      appended = await log.append(
        topic.name,
        lacks.map(({ record }) => record),
      );
    } catch (error) {
      if (!(error instanceof RecordTooLargeError) || lacks.length === 1) return { written: 0, error: error as Error };
      const half = lacks.length >> 1;
      const first = await this.#append(topic, lacks.slice(0, half));
      const second = await this.#append(topic, lacks.slice(half));
      return { written: first.written + second.written, error: first.error ?? second.error };
    }
    for (const [index, lack] of lacks.entries()) this.#hold(topic, lack, appended[index]);
    meter.wroteRecipients(lacks.length);
    return { written: lacks.length, error: undefined };
  }

  #hold(topic: RecipientTopic, { sender, ...held }: Lacking, { partition, offset }: Appended = NOWHERE): void {
    topic.hold(sender, { ...held, offset });
    topic.wrote(partition, offset);
    // Things may have changed while it was being written, and the task may be another one since.
    if (lackOf(this.options.tables, topic, sender) !== 'nothing') this.options.onSurprise(topic, sender);
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
    lines.warn(`${who} no records, and nobody else waits; tried again after a while${why}`, {
      topic: topic.name,
      error,
    });
  }
}

/** Those that are most likely to fit, so that one that does not cannot be all that is tried. */
function smallest(lacks: readonly Lacking[]): readonly Lacking[] {
  if (lacks.length <= TRIAL) return lacks;
  return [...lacks].sort((a, b) => sizeOfRecord(a.record) - sizeOfRecord(b.record)).slice(0, TRIAL);
}

/** Until it is done, or the time is over; what rejects is somebody else's. */
export function inTime(clock: Clock, done: Promise<unknown>, spanMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.wakeAt(clock.nowMs() + spanMs, resolve);
    const end = (): void => {
      cancel();
      resolve();
    };
    done.then(end, end);
  });
}
