// At most one `device.active` per user and span: somebody who types, reads and writes says it once. Invariant: of what is
// passed by, something at most one span older was told; bounded in users, and the longest silent are forgotten first, which at
// worst tells once too often.

export interface ActivityBundleOptions {
  readonly spanMs: number;
  readonly maxUsers: number;
}

export const DEFAULT_BUNDLE: ActivityBundleOptions = { spanMs: 20_000, maxUsers: 1_000_000 };

export class ActivityBundle {
  readonly #toldMs = new Map<string, number>();

  constructor(private readonly options: ActivityBundleOptions = DEFAULT_BUNDLE) {}

  /** Whether an activity at that time is to be told. It counts as told only by `told`, once it is durable. */
  isNews(userId: string, atMs: number): boolean {
    const toldMs = this.#toldMs.get(userId);
    return toldMs === undefined || atMs >= toldMs + this.options.spanMs;
  }

  told(userId: string, atMs: number): void {
    const toldMs = this.#toldMs.get(userId) ?? -Infinity;
    this.#toldMs.delete(userId);
    this.#toldMs.set(userId, Math.max(toldMs, atMs));
    if (this.#toldMs.size <= this.options.maxUsers) return;
    const oldest = this.#toldMs.keys().next();
    if (oldest.done !== true) this.#toldMs.delete(oldest.value);
  }
}
