// The `m.presence` event as clients are told it. Everybody whom one wake-up answers shares the text, whose ago is so much old at most.
import { presenceContent, type BusyName } from '#libs/matrix';
import type { View } from '#libs/presence';
import { NEVER } from './position.js';
import type { News } from './news.js';

/** An ago is told in milliseconds, and on its way for longer. */
const SHARED_MS = 10;
/** Senders whose texts are kept, a power of two. */
const KEPT = 1_024;

interface Kept extends Pick<News, 'row' | 'life' | 'version'> {
  readonly lastActiveAtMs: number | undefined;
  readonly text: string;
  readonly madeAtMs: number;
}

export class EventTexts {
  readonly #kept = new Array<Kept>(KEPT).fill({
    ...NEVER,
    row: -1,
    lastActiveAtMs: undefined,
    text: '',
    madeAtMs: -Infinity,
  });

  constructor(private readonly busyName: BusyName) {}

  of({ sender, row, life, version, view }: News, nowMs: number): string {
    const slot = row & (KEPT - 1);
    const kept = this.#kept[slot]!;
    const lastActiveAtMs = view?.lastActiveAtMs;
    if (
      kept.row === row &&
      kept.version === version &&
      kept.life === life &&
      kept.lastActiveAtMs === lastActiveAtMs &&
      nowMs >= kept.madeAtMs &&
      nowMs - kept.madeAtMs <= SHARED_MS
    )
      return kept.text;
    const text = eventText(sender, view, nowMs, this.busyName);
    this.#kept[slot] = { row, life, version, lastActiveAtMs, text, madeAtMs: nowMs };
    return text;
  }
}

export function eventText(sender: string, view: View | undefined, nowMs: number, busyName: BusyName): string {
  return JSON.stringify({ type: 'm.presence', sender, content: presenceContent(view, nowMs, busyName) });
}
