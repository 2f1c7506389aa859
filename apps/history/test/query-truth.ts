// The answers to the ten questions, computed from raw changes in plain TypeScript. Invariant: it knows nothing of exports, SQL or views;
// a stretch is found by walking each user's chain.
import type { RawChange } from './generated-history.js';

export interface Stretch {
  readonly userId: string;
  readonly presence: string;
  readonly fromMs: number;
  /** Absent: it goes on. */
  readonly toMs?: number;
}

export interface Truth {
  readonly chains: ReadonlyMap<string, readonly RawChange[]>;
  readonly stretches: readonly Stretch[];
  readonly untilMs: number;
  readonly firstMs: number;
}

export function truthOf(raw: readonly RawChange[]): Truth {
  const chains = new Map<string, RawChange[]>();
  for (const change of raw) {
    const chain = chains.get(change.userId) ?? [];
    chain.push(change);
    chains.set(change.userId, chain);
  }
  const stretches: Stretch[] = [];
  for (const [userId, chain] of chains) {
    for (let index = 0; index < chain.length;) {
      const { view, atMs } = chain[index] as RawChange;
      let next = index + 1;
      while (next < chain.length && chain[next]?.view.presence === view.presence) next++;
      const end = chain[next]?.atMs;
      stretches.push({ userId, presence: view.presence, fromMs: atMs, ...(end !== undefined && { toMs: end }) });
      index = next;
    }
  }
  const times = raw.map(({ atMs }) => atMs);
  return { chains, stretches, untilMs: Math.max(...times), firstMs: Math.min(...times) };
}

const lengthOf = (truth: Truth, { fromMs, toMs = truth.untilMs }: Stretch): number => toMs - fromMs;

const ofPresence = ({ stretches }: Truth, presence: string): readonly Stretch[] =>
  stretches.filter((stretch) => stretch.presence === presence);

/** How many are in a presence at an instant, after everything that happened then. */
export function countAt(truth: Truth, presence: string, atMs: number): number {
  return ofPresence(truth, presence).filter(({ fromMs, toMs = Infinity }) => fromMs <= atMs && toMs > atMs).length;
}

const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function onlineNow(truth: Truth): readonly { user_id: string; since: string; status_msg: string | null }[] {
  return [...truth.chains.values()]
    .map((chain) => chain.at(-1) as RawChange)
    .filter(({ view }) => view.presence === 'online')
    .map(({ userId, atMs, view }) => ({
      user_id: userId,
      since: new Date(atMs).toISOString(),
      status_msg: view.statusMsg ?? null,
    }))
    .sort((a, b) => byText(a.user_id, b.user_id));
}

/** The most at once within each minute: looked at when it begins and at every instant at which something begins. */
export function peak(truth: Truth): { minute: string; online_peak: number } {
  const instants = new Set(ofPresence(truth, 'online').map(({ fromMs }) => fromMs));
  const minutes = new Map<number, number>();
  for (const atMs of instants) {
    const minute = Math.floor(atMs / 60_000) * 60_000;
    if (minute >= truth.untilMs) continue;
    minutes.set(
      minute,
      Math.max(minutes.get(minute) ?? 0, countAt(truth, 'online', atMs), countAt(truth, 'online', minute)),
    );
  }
  const most = Math.max(...minutes.values());
  for (let minute = Math.floor(truth.firstMs / 60_000) * 60_000; minute < truth.untilMs; minute += 60_000) {
    if (Math.max(countAt(truth, 'online', minute), minutes.get(minute) ?? 0) === most) {
      return { minute: new Date(minute).toISOString(), online_peak: most };
    }
  }
  throw new Error('nobody was ever online');
}

export function staying(truth: Truth): { stretches: number; average_seconds: number; median_seconds: number } {
  const lengths = ofPresence(truth, 'online')
    .filter(({ toMs }) => toMs !== undefined)
    .map((stretch) => lengthOf(truth, stretch))
    .sort((a, b) => a - b);
  const middle = lengths.length / 2;
  const median =
    lengths.length % 2 === 1
      ? (lengths[Math.floor(middle)] as number)
      : ((lengths[middle - 1] as number) + (lengths[middle] as number)) / 2;
  const sum = lengths.reduce((total, length) => total + length, 0);
  return { stretches: lengths.length, average_seconds: sum / lengths.length / 1000, median_seconds: median / 1000 };
}

interface Flapping {
  readonly user_id: string;
  readonly hour: string;
  readonly flaps: number;
  readonly shortest_ms: number;
}

export function flapping(truth: Truth): readonly Flapping[] {
  const found = new Map<string, Flapping>();
  const byUser = new Map<string, Stretch[]>();
  for (const stretch of truth.stretches) byUser.set(stretch.userId, [...(byUser.get(stretch.userId) ?? []), stretch]);
  for (const [userId, stretches] of byUser) {
    for (let index = 1; index < stretches.length - 1; index++) {
      const stretch = stretches[index] as Stretch;
      const length = lengthOf(truth, stretch);
      if (stretches[index - 1]?.presence !== stretches[index + 1]?.presence || length >= 120_000) continue;
      const hour = new Date(Math.floor((stretch.toMs as number) / 3_600_000) * 3_600_000).toISOString();
      const before = found.get(`${userId} ${hour}`);
      found.set(`${userId} ${hour}`, {
        ...{ user_id: userId, hour },
        flaps: (before?.flaps ?? 0) + 1,
        shortest_ms: Math.min(before?.shortest_ms ?? Infinity, length),
      });
    }
  }
  return [...found.values()]
    .filter(({ flaps }) => flaps >= 3)
    .sort((a, b) => b.flaps - a.flaps || byText(a.user_id, b.user_id) || byText(a.hour, b.hour));
}

const dayMs = 86_400_000;
const dayText = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

function* daysOf(fromMs: number, toMs: number): Generator<number> {
  for (let day = Math.floor(fromMs / dayMs) * dayMs; day < toMs; day += dayMs) yield day;
}

export function dailyUsers(truth: Truth): readonly { day: string; users: number }[] {
  const users = new Map<string, Set<string>>();
  for (const { userId, fromMs, toMs = truth.untilMs } of ofPresence(truth, 'online')) {
    if (toMs <= fromMs) continue;
    for (const day of daysOf(fromMs, toMs)) users.set(dayText(day), (users.get(dayText(day)) ?? new Set()).add(userId));
  }
  return [...users].map(([day, seen]) => ({ day, users: seen.size })).sort((a, b) => byText(a.day, b.day));
}

export function idleShare(truth: Truth): number {
  const sum = (stretches: readonly Stretch[]): number =>
    stretches.reduce((total, stretch) => total + lengthOf(truth, stretch), 0);
  return sum(ofPresence(truth, 'unavailable')) / sum(truth.stretches.filter(({ presence }) => presence !== 'offline'));
}

export function hours(truth: Truth): ReadonlyMap<number, number> {
  const sums = new Map<number, { total: number; minutes: number }>();
  for (let minute = Math.floor(truth.firstMs / 60_000) * 60_000; minute < truth.untilMs; minute += 60_000) {
    const hour = new Date(minute).getUTCHours();
    const { total, minutes } = sums.get(hour) ?? { total: 0, minutes: 0 };
    sums.set(hour, { total: total + countAt(truth, 'online', minute), minutes: minutes + 1 });
  }
  return new Map([...sums].map(([hour, { total, minutes }]) => [hour, total / minutes]));
}

export function onlineSeconds(truth: Truth, userId: string, day: string): number {
  const from = Date.parse(`${day}T00:00:00Z`);
  return (
    ofPresence(truth, 'online')
      .filter((stretch) => stretch.userId === userId)
      .reduce(
        (sum, { fromMs, toMs = truth.untilMs }) =>
          sum + Math.max(0, Math.min(toMs, from + dayMs) - Math.max(fromMs, from)),
        0,
      ) / 1000
  );
}

export function messages(truth: Truth): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const chain of truth.chains.values()) {
    const message = chain.at(-1)?.view.statusMsg;
    if (message !== undefined) counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return counts;
}

export function longest(truth: Truth): readonly number[] {
  return ofPresence(truth, 'online')
    .map((stretch) => lengthOf(truth, stretch) / 1000)
    .sort((a, b) => b - a)
    .slice(0, 10);
}
