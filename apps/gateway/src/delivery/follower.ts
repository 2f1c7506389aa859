// One client's way through its inbox: what it has been told, and what comes next. Invariant: its own state is told from the
// view as soon as this gateway knows it (read your own write), everybody else's in the order of their delivery; the token
// after each answer stands behind exactly what was told.
import type { Clock } from '#libs/event-log';
import type { BusyName } from '#libs/matrix';
import type { MembershipsView, PublicState, StatesView } from '#libs/views';
import type { DeliveryPartition } from './delivery-partition.js';
import { isWanted, whenCalled, type Feed, type Wanted } from './feed.js';
import { missedGoodbyes } from './goodbyes.js';
import type { Inbox } from './inbox.js';
import { eventText, type News } from './news.js';
import { comparePositions, type Position } from './position.js';
import { writeSinceToken, type SinceToken } from './since-token.js';
import type { OnTold } from './traced-news.js';
import { YOUNG_MS, alreadyTold, type RememberedSnapshot, type SnapshotMemory } from './snapshot-memory.js';
import type { Snapshot } from './snapshot.js';

/** What all followers of a gateway share. */
export interface FollowerSurroundings {
  readonly clock: Clock;
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly busyName: BusyName;
  readonly onTold?: OnTold | undefined;
  readonly memory: SnapshotMemory;
  /** What is told instead of news that nobody holds any more. */
  everything(userId: string, wanted: Wanted): Snapshot;
}

export interface FollowerOptions {
  readonly shared: FollowerSurroundings;
  readonly partition: DeliveryPartition;
  readonly inbox: Inbox;
  readonly token: SinceToken;
  /** The one that the token began with, if it carries its mark. */
  readonly snapshot: RememberedSnapshot | undefined;
}

/** Between two looks for who went offline unseen. */
const LOOK_MS = 5_000;

export class Follower implements Feed {
  #token: SinceToken;
  #snapshot: RememberedSnapshot | undefined;

  constructor(private readonly options: FollowerOptions) {
    this.#token = options.token;
    this.#snapshot = options.snapshot;
    options.inbox.holders += 1;
    options.inbox.usedAtMs = options.shared.clock.nowMs();
  }

  get isBehind(): boolean {
    return comparePositions(this.options.inbox.floor, this.#token.position) > 0;
  }

  take(wanted: Wanted): string[] {
    const { partition, inbox, shared } = this.options;
    if (this.isBehind && partition.open(inbox.userId, this.#token.position) === undefined)
      return this.#beginAgain(wanted);
    const from = this.#token.position;
    const texts = this.#take(wanted);
    inbox.trim(from, shared.clock.nowMs());
    return texts;
  }

  #take(wanted: Wanted): string[] {
    const nowMs = this.options.shared.clock.nowMs();
    const texts: string[] = [];
    this.#takeOwn(wanted, nowMs, texts);
    const { partition, inbox, shared } = this.options;
    const end = partition.end;
    let next: Position = end.position;
    for (const news of inbox.since(this.#token.position)) {
      if (!this.#concerns(news, wanted)) continue;
      if (texts.length >= wanted.limit) {
        next = news.position;
        break;
      }
      texts.push(news.eventText(nowMs, shared.busyName));
      if (news.traceparent !== undefined) shared.onTold?.(inbox.userId, news, news.traceparent);
    }
    // A token may stand ahead of this gateway: it never goes back.
    if (comparePositions(next, this.#token.position) > 0) {
      const timeMs = next === end.position ? end.timeMs : Math.min(this.#token.timeMs, end.timeMs);
      this.#token = { ...this.#token, position: next, timeMs };
    }
    this.#takeGoodbyes(wanted, nowMs, texts);
    return texts;
  }

  /** What `take` tells, in the same order; each token stands before the next that there is to tell. */
  each(passes: Wanted['passes'], tell: (text: string, token: string) => 'more' | 'enough'): void {
    const one = { passes, limit: 1 };
    if (this.isBehind) return;
    const { inbox, shared } = this.options;
    // What others of the same user have yet to read is held until all is told.
    const from = this.#token.position;
    for (;;) {
      const [text] = this.#take(one);
      if (text === undefined || tell(text, this.token()) === 'enough') break;
    }
    inbox.trim(from, shared.clock.nowMs());
  }

  token(): string {
    return writeSinceToken(this.#token);
  }

  get sinceToken(): SinceToken {
    return this.#token;
  }

  changed(signal: AbortSignal): Promise<void> {
    return whenCalled((listener) => this.listen(listener), signal);
  }

  listen(listener: () => void): () => void {
    const stopListening = this.options.inbox.listen(listener);
    if (this.#snapshot === undefined) return stopListening;
    let isStopped = false;
    let cancel: (() => void) | undefined;
    const { clock } = this.options.shared;
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

  close(): void {
    this.options.inbox.holders -= 1;
    this.options.inbox.usedAtMs = this.options.shared.clock.nowMs();
  }

  #beginAgain(wanted: Wanted): string[] {
    const { shared, inbox } = this.options;
    const { texts, token } = shared.everything(inbox.userId, wanted);
    this.#token = token;
    this.#snapshot = token.snapshot && shared.memory.find(token.snapshot, inbox.userId);
    if (this.#snapshot !== undefined) this.#snapshot.lookAtMs = shared.clock.nowMs() + LOOK_MS;
    return [...texts];
  }

  #takeOwn(wanted: Wanted, nowMs: number, texts: string[]): void {
    const { userId } = this.options.inbox;
    const { states } = this.options.shared;
    const row = states.numbering.find(userId);
    if (row === undefined || states.rows.compare(row, this.#token.own.life, this.#token.own.version) <= 0) return;
    const own = states.stateOf(row);
    if (own === undefined || texts.length >= wanted.limit) return;
    this.#token = { ...this.#token, own: { life: own.life, version: own.version } };
    if (isWanted(wanted, userId)) texts.push(this.#textOf(own, nowMs));
  }

  #takeGoodbyes(wanted: Wanted, nowMs: number, texts: string[]): void {
    const snapshot = this.#snapshot;
    if (snapshot === undefined || nowMs < snapshot.lookAtMs) return;
    snapshot.lookAtMs = nowMs + LOOK_MS;
    const { inbox, shared } = this.options;
    const { states, memberships } = shared;
    for (const state of missedGoodbyes({ states, memberships, inbox, snapshot, nowMs })) {
      if (texts.length >= wanted.limit) {
        snapshot.lookAtMs = nowMs;
        return;
      }
      snapshot.told.set(state.userId, { life: state.life, version: state.version });
      if (isWanted(wanted, state.userId)) texts.push(this.#textOf(state, nowMs));
    }
    if (nowMs <= snapshot.atMs + YOUNG_MS) return;
    const { snapshot: _, ...grown } = this.#token;
    this.#token = grown;
    this.#snapshot = undefined;
  }

  #textOf({ userId, view }: PublicState, nowMs: number): string {
    return eventText(userId, view, nowMs, this.options.shared.busyName);
  }

  #concerns(news: News, wanted: Wanted): boolean {
    if (news.sender === this.options.inbox.userId || !isWanted(wanted, news.sender)) return false;
    return this.#snapshot === undefined || !alreadyTold(news, this.#snapshot);
  }
}
