// How times, spans, names and causes read. Invariant: pure; the time of now is always a parameter, and it is the server's.
import type { MoveTold } from './told.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dated = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const numbers = new Intl.NumberFormat();

export function timeWords(ts: number, nowTs: number): string {
  return Math.abs(nowTs - ts) < DAY_MS / 2 ? clock.format(ts) : dated.format(ts);
}

const short = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayOnly = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });

/** Below the chart: as exact as its range asks for. */
export function axisWords(ts: number, rangeMs: number): string {
  if (rangeMs > 2 * DAY_MS) return dayOnly.format(ts);
  return rangeMs > 20 * MINUTE_MS ? short.format(ts) : clock.format(ts);
}

export function spanWords(ms: number): string {
  if (ms < 5 * SECOND_MS) return 'moments';
  const [size, word] =
    ms < MINUTE_MS
      ? [SECOND_MS, 's']
      : ms < HOUR_MS
        ? [MINUTE_MS, 'min']
        : ms < 2 * DAY_MS
          ? [HOUR_MS, 'h']
          : [DAY_MS, 'days'];
  return `${String(Math.floor(ms / size))} ${word}`;
}

export function agoWords(ts: number, nowTs: number): string {
  const ms = nowTs - ts;
  return ms < 5 * SECOND_MS ? 'just now' : `${spanWords(ms)} ago`;
}

export function numberWords(count: number): string {
  return numbers.format(count);
}

/** A rate: few digits, never a long tail. */
export function rateWords(perSecond: number): string {
  if (perSecond >= 100) return numberWords(Math.round(perSecond));
  return perSecond === 0 ? '0' : perSecond.toFixed(1);
}

/** `ada` and `:town` of `@ada:town`; rooms likewise, and those without a server. */
export function nameParts(id: string): { readonly name: string; readonly rest: string } {
  const colon = id.indexOf(':');
  return colon === -1 ? { name: id.slice(1), rest: '' } : { name: id.slice(1, colon), rest: id.slice(colon) };
}

const CAUSES: Readonly<Record<string, string>> = {
  activity: 'by what they did',
  commands: 'by their own word',
  idle: 'idle for a while',
  active: 'after a while without a sign',
  lease: 'connection lost',
  grace: 'has left',
  put: 'their word ran out',
};

export function causeWords({ cause }: MoveTold): string {
  return CAUSES[cause] ?? cause;
}
