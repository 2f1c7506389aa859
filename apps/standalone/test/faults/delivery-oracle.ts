// Judges what was delivered by the history and the memberships alone. A naive receiver that drops what is not newer must have
// been told what really was, only of people with whom it shared a room when the frame was made, and must end with the latest
// of everybody it shares with; recipient topics must hold exactly that. Invariant: knows no fan-out.
import {
  decodeActivity,
  decodeChange,
  decodeFrame,
  decodeFrameHeaders,
  decodeRecipientEvent,
  type ChangeRecord,
  type FrameEntry,
  type TopicNames,
} from '#libs/contracts';
import type { View } from '#libs/presence';
import { Company } from './company.js';
import type { TopicRecords } from './history-oracle.js';
import type { CopiedRecord } from './log-copy.js';

export interface DeliveryVerdict {
  /** Told what never was, or what is nobody's business: no time mends it. */
  readonly wrong: readonly string[];
  /** Not told yet. */
  readonly missing: readonly string[];
  readonly frames: number;
  /** Entries times recipients. */
  readonly tellings: number;
  /** Of these, what its receiver had already. */
  readonly repeated: number;
  /** Pairs that share in the end, themselves included. */
  readonly pairs: number;
  readonly recipientTopics: number;
}

export interface Delivered {
  readonly records: TopicRecords;
  readonly topics: TopicNames;
  readonly users: readonly string[];
  /** Recipient → records of its topic. */
  readonly recipients: ReadonlyMap<string, readonly CopiedRecord[]>;
  readonly partitionOf: (userId: string) => number;
}

/** (life, version) of something told; newer counts more. */
interface Stamp {
  readonly life: number;
  readonly version: number;
  readonly view?: View;
}

/** `device.active` with an `ago_ms`: when it was told, and the time that it names at the earliest, milliseconds. */
interface Backdated {
  readonly toldAtMs: number;
  readonly fromMs: number;
}

export function judgeDeliveries(delivered: Delivered): DeliveryVerdict {
  return new Judgement(delivered).verdict();
}

class Judgement {
  readonly #company: Company;
  readonly #told = new Map<string, Stamp[]>();
  readonly #received = new Map<string, Stamp>();
  readonly #backdated = new Map<string, Backdated[]>();
  readonly #wrong: string[] = [];
  readonly #missing: string[] = [];
  #frames = 0;
  #tellings = 0;
  #repeated = 0;
  #pairs = 0;

  constructor(private readonly delivered: Delivered) {
    const { records, topics } = delivered;
    this.#company = new Company(records, topics);
    for (const { key, value, timestampMs } of records(topics.activity).flat()) {
      const decoded = decodeActivity(value, key);
      if (!decoded.ok || decoded.record.input.type !== 'device.active') continue;
      const { agoMs = 0 } = decoded.record.input;
      if (agoMs > 0)
        entryOf(this.#backdated, decoded.record.userId).push({ toldAtMs: timestampMs, fromMs: timestampMs - agoMs });
    }
    for (const { key, value } of records(topics.changes).flat()) {
      const decoded = decodeChange(value, key);
      if (!decoded.ok) continue;
      const { userId } = decoded.record;
      entryOf(this.#told, userId).push(stampOf(decoded.record));
    }
  }

  verdict(): DeliveryVerdict {
    const { records, topics, users, recipients } = this.delivered;
    for (const [partition, frames] of records(topics.deliveries).entries())
      for (const frame of frames) this.#receiveFrame(frame, partition);
    for (const recipient of users) for (const sender of users) this.#judgePair(recipient, sender);
    for (const [recipient, its] of recipients) this.#judgeTopic(recipient, its);
    return {
      wrong: this.#wrong,
      missing: this.#missing,
      frames: this.#frames,
      tellings: this.#tellings,
      repeated: this.#repeated,
      pairs: this.#pairs,
      recipientTopics: recipients.size,
    };
  }

  #receiveFrame({ offset, value, headers }: CopiedRecord, partition: number): void {
    const place = `deliveries-${partition} offset ${offset}`;
    const frame = decodeFrame(value);
    const vectors = decodeFrameHeaders(headers);
    if (!frame.ok || !vectors.ok) {
      this.#wrong.push(`${place} cannot be read`);
      return;
    }
    this.#frames += 1;
    for (const entry of frame.record.entries) {
      const name = `${place}: ${entry.userId} (${entry.life}, ${entry.version})`;
      const fault = this.#entryFault(entry);
      if (fault !== undefined) this.#wrong.push(`${name} ${fault}`);
      for (const recipient of entry.to) {
        if (this.delivered.partitionOf(recipient) !== partition)
          this.#wrong.push(`${name} is told to ${recipient} in the wrong partition`);
        if (recipient !== entry.userId && !this.#company.shares(recipient, entry.userId, vectors.record))
          this.#wrong.push(`${name} is told to ${recipient}, who shared nothing`);
        this.#receive(`${recipient} ${entry.userId}`, entry);
      }
    }
  }

  #entryFault(entry: FrameEntry): string | undefined {
    const its = this.#told.get(entry.userId) ?? [];
    const told = its.find(({ life, version }) => life === entry.life && version === entry.version);
    if (told === undefined) return 'never was';
    const view = entry.kind === 'shown' ? entry.view : undefined;
    if (shown(view) !== shown(told.view)) return `is told as ${shown(view)}, and was ${shown(told.view)}`;
    const [tellsMs, wasMs] = [view?.lastActiveAtMs ?? 0, told.view?.lastActiveAtMs ?? 0];
    // While there is no pro-active event, the time of the first input stands for it: one of before takes its place, to the same version.
    const hasBeenActive = its.some(
      ({ life, version, view: shows }) =>
        life === told.life && version <= told.version && shows?.currentlyActive === true,
    );
    const backdated = hasBeenActive ? [] : (this.#backdated.get(entry.userId) ?? []);
    if (backdated.some(({ toldAtMs, fromMs }) => fromMs <= tellsMs && tellsMs < toldAtMs)) return undefined;
    return tellsMs < wasMs ? `is told as less active than it was, at ${tellsMs} instead of ${wasMs}` : undefined;
  }

  #receive(pair: string, news: Stamp): void {
    this.#tellings += 1;
    const known = this.#received.get(pair);
    if (known === undefined || isNewer(news, known)) this.#received.set(pair, news);
    else this.#repeated += 1;
  }

  #judgePair(recipient: string, sender: string): void {
    if (recipient !== sender && !this.#company.shares(recipient, sender)) return;
    this.#pairs += 1;
    const last = this.#told.get(sender)?.at(-1);
    const got = this.#received.get(`${recipient} ${sender}`);
    if (last === undefined || (got === undefined && isPlainOffline(last))) return;
    if (got?.life !== last.life || got.version !== last.version)
      this.#missing.push(`${recipient} was last told ${named(got)} of ${sender}, not ${named(last)}`);
  }

  #judgeTopic(recipient: string, records: readonly CopiedRecord[]): void {
    const stands = new Map<string, string>();
    for (const record of records) {
      const decoded = decodeRecipientEvent(record);
      const sender = String(record.key);
      if (!decoded.ok) this.#wrong.push(`the topic of ${recipient}: ${decoded.reason}`);
      else if (decoded.record.content === undefined) stands.delete(sender);
      else stands.set(sender, `${named(decoded.record)} ${decoded.record.content.presence}`);
    }
    for (const [sender, its] of this.#told) {
      const last = its.at(-1)!;
      const isDue = last.view !== undefined && (sender === recipient || this.#company.shares(recipient, sender));
      const wanted = isDue ? `${named(last)} ${last.view.presence}` : undefined;
      if (stands.get(sender) !== wanted)
        this.#missing.push(
          `the topic of ${recipient} holds ${String(stands.get(sender))} of ${sender}, not ${String(wanted)}`,
        );
    }
  }
}

function entryOf<One>(lists: Map<string, One[]>, key: string): One[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const made: One[] = [];
  lists.set(key, made);
  return made;
}

/** A forgotten user is told as (the next life, 0), without a view. */
function stampOf(change: ChangeRecord): Stamp {
  if (change.kind === 'forgotten') return { life: change.life + 1, version: 0 };
  return { life: change.life, version: change.version, view: change.view };
}

function isNewer(one: Stamp, other: Stamp): boolean {
  return one.life > other.life || (one.life === other.life && one.version > other.version);
}

function isPlainOffline({ view }: Stamp): boolean {
  return view === undefined || (view.presence === 'offline' && view.statusMsg === undefined);
}

function shown(view: View | undefined): string {
  return view === undefined ? 'gone' : JSON.stringify([view.presence, view.currentlyActive, view.statusMsg ?? null]);
}

function named(stamp: Stamp | undefined): string {
  return stamp === undefined ? 'nothing' : `(${stamp.life}, ${stamp.version})`;
}
