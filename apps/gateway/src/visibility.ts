// Waits until what was written is visible in the views here, but no longer than a bound. Invariant: nothing stays behind
// when the wait ends early; a wait that is already over costs nothing.
import type { Appended, Clock } from '#libs/event-log';
import { SameSpan } from './same-span.js';
import type { InputPosition, MembershipPositions, MembershipsView, StatesView, Waited } from '#libs/views';

export interface VisibilityOptions {
  readonly clock: Clock;
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly maxVisibleMs: number;
  /** The log has not answered for a while: what is written now will not be seen soon. */
  readonly isLogAway: () => boolean;
}

export class Visibility {
  readonly #patience: SameSpan;
  /** What was announced and is visible: asked of every poll of a loop. */
  readonly #seen = new WeakSet<Promise<Appended | undefined>>();

  constructor(private readonly options: VisibilityOptions) {
    this.#patience = new SameSpan(options.clock, options.maxVisibleMs);
  }

  /**
   * What a poll or a stream says of its user. Not waited for while the log is away: reads go on from what is known. Before
   * that is noticed, an answer of the log is waited for within the same bound as its effect.
   */
  async ofClaim(announced: Promise<Appended | undefined> | undefined): Promise<void> {
    if (this.isAwaited(announced)) await this.#ofUnseen(announced);
  }

  /** Whether there is anything to wait for: a loop's claim is seen once, and polled with for hours. */
  isAwaited(announced: Promise<Appended | undefined> | undefined): announced is Promise<Appended | undefined> {
    return announced !== undefined && !this.#seen.has(announced) && !this.options.isLogAway();
  }

  ofInput(topic: InputPosition['topic'], { partition, offset }: Appended): Promise<Waited> | Waited {
    const { states } = this.options;
    if (states.progress(partition, topic) > offset) return 'reached';
    return new Promise((resolve) => {
      const leave = states.onProgress(partition, { topic, offset }, () => {
        this.#patience.end(waiting);
        resolve('reached');
      });
      const waiting = this.#patience.begin(() => {
        leave();
        resolve('late');
      });
    });
  }

  /** The furthest of many in each partition. */
  async ofInputs(topic: InputPosition['topic'], places: readonly Appended[]): Promise<void> {
    const furthest = new Map<number, Appended>();
    for (const place of places) {
      const known = furthest.get(place.partition);
      if (known === undefined || known.offset < place.offset) furthest.set(place.partition, place);
    }
    await Promise.all([...furthest.values()].map((place) => Promise.resolve(this.ofInput(topic, place))));
  }

  ofRooms(topic: keyof MembershipPositions, places: readonly Appended[]): Promise<Waited> {
    const vector: number[] = [];
    for (const { partition, offset } of places) vector[partition] = Math.max(vector[partition] ?? 0, offset + 1);
    const dense = Array.from(vector, (next) => next ?? 0);
    const wanted = { memberships: [], rooms: [], [topic]: dense };
    return this.#bounded((signal) => this.options.memberships.whenAt(wanted, signal));
  }

  async #ofUnseen(announced: Promise<Appended | undefined>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const waiting = this.#patience.begin(resolve);
      this.#ofAnnounced(announced)
        .finally(() => {
          this.#patience.end(waiting);
        })
        .then(resolve, reject);
    });
  }

  async #ofAnnounced(announced: Promise<Appended | undefined>): Promise<void> {
    const appended = await announced;
    if (appended !== undefined && (await this.ofInput('activity', appended)) === 'reached') this.#seen.add(announced);
  }

  async #bounded(wait: (signal: AbortSignal) => Promise<Waited>): Promise<Waited> {
    const { clock, maxVisibleMs } = this.options;
    const late = new AbortController();
    const cancel = clock.wakeAt(clock.nowMs() + maxVisibleMs, () => {
      late.abort();
    });
    try {
      return await wait(late.signal);
    } finally {
      cancel();
    }
  }
}
