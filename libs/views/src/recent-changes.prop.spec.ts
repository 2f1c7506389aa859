// The index of recent changes against a fold of the whole history: whatever it says of a time that it covers is what folding
// every change up to that time gives. Histories are random, with forgotten users, several partitions and too small a ring.
import fc from 'fast-check';
import { encodeChange } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { Interner } from '#libs/interest';
import type { Presence, View } from '#libs/presence';
import { RecentChanges, type Counts } from './recent-changes.js';

const PARTITIONS = 3;
const presences = ['online', 'unavailable', 'busy', 'offline'] as const;

interface Step {
  readonly user: number;
  readonly afterMs: number;
  readonly presence: Presence;
  readonly message: string;
  readonly forgets: boolean;
}

interface Told {
  readonly userId: string;
  readonly atMs: number;
  /** undefined = forgotten. */
  readonly view: View | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  user: fc.nat(5),
  afterMs: fc.nat(20),
  presence: fc.constantFrom(...presences),
  message: fc.constantFrom('', 'tea', 'a longer message'),
  forgets: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

const NOT_SHOWN: View = { presence: 'offline', currentlyActive: false };

class History {
  readonly told: Told[] = [];
  readonly #texts: { userId: string; text: string; atMs: number }[] = [];

  constructor(steps: readonly Step[]) {
    const known = new Map<string, { life: number; version: number; view: View }>();
    let atMs = 1_000;
    for (const { user, afterMs, presence, message, forgets } of steps) {
      const userId = `@u${String(user)}:hs`;
      atMs += afterMs;
      const { life, version, view: before } = known.get(userId) ?? { life: 0, version: 0, view: NOT_SHOWN };
      const circumstances = { userId, life, atMs, cause: { topic: 'commands' as const, offset: 0 }, applied: {} };
      if (forgets) {
        known.set(userId, { life: life + 1, version: 0, view: NOT_SHOWN });
        this.told.push({ userId, atMs, view: undefined });
        this.#write(encodeChange({ kind: 'forgotten', version, ...circumstances }), userId, atMs);
        continue;
      }
      const view: View = {
        presence,
        currentlyActive: presence === 'online',
        ...(message === '' ? {} : { statusMsg: message }),
      };
      known.set(userId, { life, version: version + 1, view });
      this.told.push({ userId, atMs, view });
      this.#write(
        encodeChange({ kind: 'changed', version: version + 1, view, before, ...circumstances }),
        userId,
        atMs,
      );
    }
  }

  #write(text: string, userId: string, atMs: number): void {
    this.#texts.push({ userId, text, atMs });
  }

  /** Partition by partition, in batches, as a tail delivers them. */
  readInto(changes: RecentChanges, batchSize: number): void {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = this.#texts
        .filter(({ userId }) => Number(userId[2]) % PARTITIONS === partition)
        .map(({ userId, text, atMs }, offset): LogRecord => ({
          offset,
          timestampMs: atMs,
          key: Buffer.from(userId),
          value: Buffer.from(text),
        }));
      for (let start = 0; start < records.length; start += batchSize) {
        const batch = records.slice(start, start + batchSize);
        changes.apply({ topic: 'changes', partition, records: batch, nextOffset: start + batch.length });
        // What comes twice changes nothing.
        changes.apply({ topic: 'changes', partition, records: batch, nextOffset: start + batch.length });
      }
    }
  }

  /** By folding; those who were forgotten in the end are not shown at any time before that. */
  viewAt(userId: string, atMs: number): View | undefined {
    const own = this.told.filter((told) => told.userId === userId);
    const erased = own.findLastIndex(({ view }) => view === undefined);
    return own.slice(erased + 1).findLast((told) => told.atMs <= atMs)?.view;
  }

  get users(): string[] {
    return [...new Set(this.told.map(({ userId }) => userId))];
  }

  counts(atMs: number): Counts {
    const counts = { online: 0, unavailable: 0, busy: 0, offline: 0 };
    for (const userId of this.users) {
      const view = this.viewAt(userId, atMs);
      if (view !== undefined) counts[view.presence] += 1;
    }
    return counts;
  }
}

function indexOf(history: History, maxChanges: number, batchSize: number): { changes: RecentChanges; users: Interner } {
  const users = new Interner();
  const changes = new RecentChanges({ users, partitions: PARTITIONS, maxChanges, maxMessageCharacters: 10_000 });
  history.readInto(changes, batchSize);
  return { changes, users };
}

const shownAt = (
  history: History,
  { changes, users }: ReturnType<typeof indexOf>,
  userId: string,
  atMs: number,
): unknown => {
  const view = changes.viewAt(users.intern(userId), atMs);
  if (view === 'unmoved') return history.viewAt(userId, Infinity);
  return view === 'absent' ? undefined : view;
};

const histories = fc.array(step, { maxLength: 60 }).map((steps) => new History(steps));

describe('the index of recent changes', () => {
  it('shows everybody at any covered time as the fold of the history does', () => {
    fc.assert(
      fc.property(
        histories,
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 9 }),
        (history, size, batch) => {
          const index = indexOf(history, size, batch);
          for (const { atMs } of history.told) {
            for (const time of [atMs - 1, atMs]) {
              if (time < index.changes.coveredFromMs) continue;
              for (const userId of history.users)
                expect(shownAt(history, index, userId, time)).toEqual(history.viewAt(userId, time));
            }
          }
        },
      ),
    );
  });

  it('counts over time as the fold of the history does', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 50 }), (history, stepMs) => {
        const { changes } = indexOf(history, 1_000, 7);
        const range = { fromMs: 990, stepMs, points: 12 };
        const { changes: perStep, ...series } = changes.series(history.counts(Infinity), range);
        for (let point = 0; point < range.points; point++) {
          const atMs = range.fromMs + point * stepMs;
          const counted = Object.fromEntries(presences.map((presence) => [presence, series[presence][point]]));
          expect(counted).toEqual(history.counts(atMs));
          expect(changes.countsAt(history.counts(Infinity), atMs)).toEqual(counted);
        }
        const inside = changes
          .movesFrom(0, 1_000)
          .moves.filter(({ atMs }) => atMs > 990 - stepMs && atMs <= 990 + 11 * stepMs);
        expect(perStep.reduce((sum, count) => sum + count, 0)).toBe(inside.length);
      }),
    );
  });

  it('tells the latest changes up to a time', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 990, max: 1_600 }), (history, atMs) => {
        const { changes } = indexOf(history, 1_000, 5);
        const { moves } = changes.movesFrom(0, 1_000);
        const expected = moves.filter((move) => move.atMs <= atMs).reverse();
        expect(changes.movesUntil(atMs, 1_000)).toEqual(expected);
        expect(changes.movesUntil(atMs, 3)).toEqual(expected.slice(0, 3));
      }),
    );
  });

  it('tells a timeline newest first, and nothing from before somebody was forgotten', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { changes, users } = indexOf(history, 1_000, 5);
        for (const userId of history.users) {
          const own = history.told.filter((told) => told.userId === userId);
          const erased = own.findLastIndex(({ view }) => view === undefined);
          const expected = own.slice(Math.max(0, erased)).map(({ atMs, view }) => ({ atMs, view }));
          const told = changes.timeline(users.intern(userId), 1_000).map(({ atMs, view }) => ({ atMs, view }));
          expect(told.reverse()).toEqual(expected);
        }
      }),
    );
  });
});

describe('its bounds', () => {
  const long = (user: number): Step => ({
    user,
    afterMs: 1,
    presence: 'online',
    message: 'a longer message',
    forgets: false,
  });

  it('drops the oldest when messages are too long together, and says from when on it knows everything', () => {
    const history = new History(Array.from({ length: 30 }, (_, index) => long(index % 6)));
    const changes = new RecentChanges({
      users: new Interner(),
      partitions: PARTITIONS,
      maxChanges: 100,
      maxMessageCharacters: 200,
    });
    expect(changes.coveredFromMs).toBe(-Infinity);
    history.readInto(changes, 4);
    expect(changes.next).toBe(30);
    expect(changes.next - changes.first).toBeLessThanOrEqual(12);
    expect(changes.coveredFromMs).toBeGreaterThan(1_000);
  });

  it('covers nothing until it knows from when on, where older records lie before its beginning', () => {
    const changes = new RecentChanges({
      users: new Interner(),
      partitions: PARTITIONS,
      maxChanges: 100,
      maxMessageCharacters: 200,
    });
    changes.begin([2, 0, 5], [4, 0, 5], 5_000);
    expect(changes.coveredFromMs).toBe(Infinity);
    const history = new History(Array.from({ length: 30 }, (_, index) => long(index % 6)));
    history.readInto(changes, 30);
    expect(changes.coveredFromMs).toBeGreaterThanOrEqual(5_000);
    expect(changes.firstAtMs).toBeDefined();
  });

  it('counts what it cannot read and goes on', () => {
    const changes = new RecentChanges({
      users: new Interner(),
      partitions: 1,
      maxChanges: 10,
      maxMessageCharacters: 200,
    });
    const records = [{ offset: 0, timestampMs: 1, key: Buffer.from('@a:hs'), value: Buffer.from('{') }];
    changes.apply({ topic: 'changes', partition: 0, records, nextOffset: 1 });
    expect([changes.brokenRecords, changes.next, changes.positions[0]]).toEqual([1, 0, 1]);
  });
});
