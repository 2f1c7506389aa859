// One client's way through what its user is told: what it has been told, and what comes next. Invariant: its own state is told from the
// view as soon as this gateway knows it (read your own write), everybody else's in the order of their delivery; the token
// after each answer stands behind exactly what was told.
import type { Clock } from '#libs/event-log';
import type { BusyName } from '#libs/matrix';
import type { MembershipsView, PublicState, StatesView } from '#libs/views';
import type { Deliveries, Found, Recipient } from './deliveries.js';
import { isWanted, whenCalled, type Feed, type Wanted } from './feed.js';
import { missedGoodbyes } from './goodbyes.js';
import { eventText, type EventTexts } from './event-texts.js';
import type { News } from './news.js';
import { comparePositions, type Position, type Stamp } from './position.js';
import { writeSinceToken, type SinceToken } from './since-token.js';
import type { OnTold } from './traced-news.js';
import { YOUNG_MS, alreadyTold, type RememberedSnapshot, type SnapshotMemory } from './snapshot-memory.js';
import type { Snapshot } from './snapshot.js';

/** What all followers of a gateway share. */
export interface FollowerSurroundings {
  readonly clock: Clock;
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly deliveries: Deliveries;
  readonly busyName: BusyName;
  readonly onTold?: OnTold | undefined;
  readonly memory: SnapshotMemory;
  readonly texts: EventTexts;
  /** What is told instead of news that nobody holds any more. */
  everything(userId: string, wanted: Wanted): Snapshot;
}

export interface FollowerOptions {
  readonly shared: FollowerSurroundings;
  readonly recipient: Recipient;
  readonly token: SinceToken;
  /** What was found for the token. */
  readonly found: Found;
  /** The one that the token began with, if it carries its mark. */
  readonly snapshot: RememberedSnapshot | undefined;
}

type Tell = (text: string) => 'more' | 'enough';

/** Between two looks for who went offline unseen. */
const LOOK_MS = 5_000;

export class Follower implements Feed {
  #token: SinceToken;
  /** The token's, moved on by everything that is told. */
  #position: Position;
  #timeMs: number;
  #snapshot: RememberedSnapshot | undefined;
  /** Until more is applied. */
  #found: Found | undefined;

  constructor(private readonly options: FollowerOptions) {
    const { token, found, snapshot } = options;
    this.#token = token;
    this.#position = token.position;
    this.#timeMs = token.timeMs;
    this.#snapshot = snapshot;
    this.#found = found;
  }

  get isBehind(): boolean {
    return this.#read() === undefined;
  }

  take(wanted: Wanted): string[] {
    const found = this.#read();
    if (found === undefined) return this.#beginAgain(wanted);
    const texts: string[] = [];
    this.#tell(found, wanted.passes, (text) => (texts.push(text) < wanted.limit ? 'more' : 'enough'));
    return texts;
  }

  each(passes: Wanted['passes'], tell: (text: string, token: string) => 'more' | 'enough'): void {
    const found = this.#read();
    if (found !== undefined) this.#tell(found, passes, (text) => tell(text, this.token()));
  }

  token(): string {
    return writeSinceToken(this.sinceToken);
  }

  get sinceToken(): SinceToken {
    return { ...this.#token, position: this.#position, timeMs: this.#timeMs };
  }

  changed(signal: AbortSignal): Promise<void> {
    return whenCalled((listener) => this.listen(listener), signal);
  }

  listen(listener: () => void): () => void {
    const { shared, recipient } = this.options;
    const stopListening = shared.deliveries.listen(recipient, listener);
    if (this.#snapshot === undefined) return stopListening;
    let isStopped = false;
    let cancel: (() => void) | undefined;
    const { clock } = shared;
    const later = (notBeforeMs: number): void => {
      if (isStopped || this.#snapshot === undefined) return;
      cancel = clock.wakeAt(Math.max(this.#snapshot.lookAtMs, notBeforeMs), () => {
        listener();
        later(clock.nowMs() + LOOK_MS);
      });
    };
    later(-Infinity);
    return () => {
      isStopped = true;
      cancel?.();
      stopListening();
    };
  }

  #read(): readonly News[] | undefined {
    const { shared, recipient } = this.options;
    if (this.#found?.end !== recipient.partition.end) this.#found = shared.deliveries.read(recipient, this.#position);
    return this.#found?.news;
  }

  /** The token stands behind each text while it is told. */
  #tell(found: readonly News[], passes: Wanted['passes'], tell: Tell): void {
    this.#found = undefined;
    const nowMs = this.options.shared.clock.nowMs();
    const { end } = this.options.recipient.partition;
    if (this.#tellOwn(passes, nowMs, tell) === 'enough') return;
    let next: News | undefined;
    for (const news of found) {
      if (!this.#concerns(news, passes)) continue;
      if (next !== undefined) {
        this.#moveTo(news.position, Math.min(this.#timeMs, end.timeMs));
        if (this.#tellNews(next, nowMs, tell) === 'enough') return;
      }
      next = news;
    }
    this.#moveTo(end.position, end.timeMs);
    if (next !== undefined && this.#tellNews(next, nowMs, tell) === 'enough') return;
    this.#tellGoodbyes(passes, nowMs, tell);
  }

  #tellNews(news: News, nowMs: number, tell: Tell): 'more' | 'enough' {
    const { shared, recipient } = this.options;
    if (news.traceparent !== undefined) shared.onTold?.(recipient.userId, news, news.traceparent);
    return tell(shared.texts.of(news, nowMs));
  }

  /** A token may stand ahead of this gateway: it never goes back. */
  #moveTo(position: Position, timeMs: number): void {
    if (comparePositions(position, this.#position) <= 0) return;
    this.#position = position;
    this.#timeMs = timeMs;
  }

  #beginAgain(wanted: Wanted): string[] {
    const { shared, recipient } = this.options;
    const { texts, token } = shared.everything(recipient.userId, wanted);
    this.#token = token;
    this.#position = token.position;
    this.#timeMs = token.timeMs;
    this.#snapshot = token.snapshot && shared.memory.find(token.snapshot, recipient.userId);
    if (this.#snapshot !== undefined) this.#snapshot.lookAtMs = shared.clock.nowMs() + LOOK_MS;
    return [...texts];
  }

  #tellOwn(passes: Wanted['passes'], nowMs: number, tell: Tell): 'more' | 'enough' {
    const { userId, number } = this.options.recipient;
    const { states } = this.options.shared;
    if (states.rows.compare(number, this.#token.own.life, this.#token.own.version) <= 0) return 'more';
    const own = states.stateOf(number);
    if (own === undefined) return 'more';
    this.#token = { ...this.#token, own: { life: own.life, version: own.version } };
    return isWanted(passes, userId) ? tell(this.#textOf(own, nowMs)) : 'more';
  }

  #tellGoodbyes(passes: Wanted['passes'], nowMs: number, tell: Tell): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || nowMs < snapshot.lookAtMs) return;
    const { recipient, shared } = this.options;
    const { states, memberships, deliveries } = shared;
    const { userId } = recipient;
    const takeTold = (sinceMs: number, stamps: Map<number, Stamp>): void => {
      deliveries.takeTold(recipient, sinceMs, stamps);
    };
    for (const state of missedGoodbyes({ states, memberships, userId, snapshot, nowMs, takeTold })) {
      snapshot.told.set(state.userId, { life: state.life, version: state.version });
      if (isWanted(passes, state.userId) && tell(this.#textOf(state, nowMs)) === 'enough') return;
    }
    snapshot.lookAtMs = nowMs + LOOK_MS;
    if (nowMs <= snapshot.atMs + YOUNG_MS) return;
    const { snapshot: _, ...grown } = this.#token;
    this.#token = grown;
    this.#snapshot = undefined;
  }

  #textOf({ userId, view }: PublicState, nowMs: number): string {
    return eventText(userId, view, nowMs, this.options.shared.busyName);
  }

  #concerns(news: News, passes: Wanted['passes']): boolean {
    if (news.sender === this.options.recipient.userId || !isWanted(passes, news.sender)) return false;
    return this.#snapshot === undefined || !alreadyTold(news, this.#snapshot);
  }
}
