// One entry of a frame as its recipients' inboxes hold it: made once per entry and shared by all of them, its JSON too.
// Invariant: immutable but for the cached text.
import type { FrameNews } from '#libs/contracts';
import { presenceContent, type BusyName } from '#libs/matrix';
import type { View } from '#libs/presence';
import type { FrameOrigin } from './frame-origin.js';
import type { Position } from './position.js';

/** An ago is told in milliseconds, and on its way for longer. */
const SHARED_MS = 10;

export class News {
  #text = '';
  #textAtMs = -Infinity;

  readonly life: number;
  readonly version: number;
  /** Absent: forgotten; shown as offline without anything. */
  readonly view: View | undefined;
  /** Of the input that caused it, if it came with one. */
  readonly traceparent: string | undefined;

  constructor(
    entry: FrameNews,
    /** The same text for all news of one sender. */
    readonly sender: string,
    readonly position: Position,
    readonly origin: FrameOrigin,
  ) {
    this.life = entry.life;
    this.version = entry.version;
    this.traceparent = entry.traceparent;
    this.view = entry.kind === 'shown' ? entry.view : undefined;
  }

  /** The `m.presence` event as JSON; everybody whom one wake-up answers shares the text, whose ago is so much old at most. */
  eventText(nowMs: number, busyName: BusyName): string {
    if (nowMs < this.#textAtMs || nowMs - this.#textAtMs > SHARED_MS) {
      this.#text = eventText(this.sender, this.view, nowMs, busyName);
      this.#textAtMs = nowMs;
    }
    return this.#text;
  }
}

export function eventText(sender: string, view: View | undefined, nowMs: number, busyName: BusyName): string {
  return JSON.stringify({ type: 'm.presence', sender, content: presenceContent(view, nowMs, busyName) });
}
