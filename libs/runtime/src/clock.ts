// The wall clock behind the port's Clock. Invariant: a wake-up never comes before its time, however far away it is
// (setTimeout overflows after 24.8 days and may fire a millisecond early). Everything else sees time as a parameter.

import type { Clock } from '#libs/event-log';

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export class WallClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  wakeAt(atMs: number, callback: () => void): () => void {
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      const leftMs = atMs - Date.now();
      if (leftMs <= 0) {
        timer = setTimeout(callback, 0);
        return;
      }
      timer = setTimeout(
        () => {
          if (Date.now() >= atMs) callback();
          else arm();
        },
        Math.min(leftMs, LONGEST_TIMEOUT_MS),
      );
    };
    if (atMs !== Infinity) arm();
    return () => {
      clearTimeout(timer);
    };
  }
}
