// Our half of a poll in front of a homeserver: what there is to tell of others' presence, and the token behind it. Invariant: it
// never fails a poll: while the log or the views are away there is nothing to tell, and the token stays as the client brought it.
import type { Appended } from '#libs/event-log';
import type { Wanted } from '../delivery/feed.js';
import type { Follower } from '../delivery/follower.js';
import type { Snapshot } from '../delivery/snapshot.js';
import { readSinceToken, type SinceToken } from '../delivery/since-token.js';
import { whenCalled } from '../delivery/feed.js';
import type { Gateway } from '../gateway.js';

export interface PresenceAsked {
  readonly userId: string;
  readonly wanted: Wanted;
  /** Our part of the client's token. */
  readonly since: string | undefined;
  /** The client begins anew, or asks for everything. */
  readonly whole: boolean;
}

/** What is told now: presence events as JSON texts, and our token behind them. */
export interface Told {
  readonly texts: readonly string[];
  readonly token: string | undefined;
}

type Source =
  | { readonly kind: 'nothing'; readonly token: string | undefined }
  | { readonly kind: 'whole'; readonly snapshot: Snapshot }
  | { readonly kind: 'news'; readonly follower: Follower };

export class PresenceSide {
  #texts: string[] = [];
  #source: Source | undefined;

  private constructor(
    private readonly gateway: Gateway,
    private readonly asked: PresenceAsked,
  ) {}

  static of(gateway: Gateway, asked: PresenceAsked): PresenceSide {
    return new PresenceSide(gateway, asked);
  }

  /** Resolves when `told` tells all that there is: until then nothing. */
  async open(signal: AbortSignal): Promise<void> {
    if (this.#source !== undefined || signal.aborted) return;
    this.#source = await this.#open(signal);
  }

  /** `open`, with the client's own claim in what is told if that can be had in a bounded time. Never fails. */
  async openAfter(announced: Promise<Appended | undefined> | undefined, signal: AbortSignal): Promise<void> {
    const { visibility, options } = this.gateway;
    try {
      const appended = await announced;
      if (appended !== undefined) await visibility.ofInput('activity', appended);
      await this.open(signal);
    } catch (error) {
      options.journal.warn('presence is left out of a poll', { error });
    }
  }

  /** Resolves when there is something to tell, or with the signal. To be called once it is open. */
  async something(signal: AbortSignal): Promise<void> {
    const source = this.#source ?? { kind: 'nothing' as const };
    if (source.kind === 'nothing' || signal.aborted) return whenAborted(signal);
    if (source.kind === 'whole') return source.snapshot.texts.length > 0 ? undefined : whenAborted(signal);
    for (;;) {
      this.#texts.push(...source.follower.take(this.asked.wanted));
      if (this.#texts.length > 0 || signal.aborted) return undefined;
      await source.follower.changed(signal);
    }
  }

  /** What there is now; to be called once, at the end. */
  told(): Told {
    const source = this.#source ?? { kind: 'nothing', token: this.asked.since };
    if (source.kind === 'nothing') return { texts: [], token: source.token };
    if (source.kind === 'whole')
      return { texts: source.snapshot.texts, token: this.gateway.news.text(source.snapshot.token) };
    const texts = this.#texts.length > 0 ? this.#texts : source.follower.take(this.asked.wanted);
    return { texts, token: source.follower.token() };
  }

  async #open(signal: AbortSignal): Promise<Source> {
    const { gateway, asked } = this;
    const nothing: Source = { kind: 'nothing', token: asked.since };
    if (gateway.complaint() !== undefined) return nothing;
    const { news } = gateway;
    if (asked.whole) return this.#whole(news.snapshot(asked.userId, asked.wanted), 'first');
    const read = asked.since === undefined ? undefined : readSinceToken(asked.since);
    // From before Rollcall stood here, or of another version: the client knows its rooms, and nothing of presence.
    if (read?.kind !== 'token') return this.#whole(news.fallback(asked.userId, asked.wanted, undefined), 'foreign');
    try {
      return await this.#follow(read.token, signal);
    } catch (error) {
      gateway.options.journal.debug('presence is left out of a poll: the log is away', { error });
      return nothing;
    }
  }

  async #follow(token: SinceToken, signal: AbortSignal): Promise<Source> {
    const { news, deliveries } = this.gateway;
    const { userId, wanted } = this.asked;
    for (;;) {
      const follower = await news.follow(userId, token);
      if (follower === 'lost') return this.#whole(news.fallback(userId, wanted, token), 'lost');
      if (follower !== 'ahead') return { kind: 'news', follower };
      // Another gateway's token, ahead of what is read here: it is reached soon.
      await whenCalled((listener) => deliveries.partitionOf(userId).onApplied(listener), signal);
      if (signal.aborted) return { kind: 'nothing', token: this.asked.since };
    }
  }

  #whole(snapshot: Snapshot, reason: 'first' | 'lost' | 'foreign'): Source {
    this.gateway.meters.snapshots.inc({ reason });
    return { kind: 'whole', snapshot };
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return whenCalled(() => () => undefined, signal);
}
