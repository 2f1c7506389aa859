// The laws of semantics.md section 4, each on random histories; fast-check prints the seed of a failure.
import * as fc from 'fast-check';
import { timelines, type Timeline, type TimelineRecord } from '#libs/testing';
import { Aggregate, fireDeadlines, rearm, takeActivity, takeCommand, viewAt, type Taken } from './aggregate.js';
import type { Change } from './change.js';
import { nextDeadline } from './deadline.js';
import { evaluate } from './evaluate.js';
import type { Policy } from './policy.js';
import { prune } from './prune.js';
import { restore, snapshot, type AggregateSnapshot } from './snapshot.js';

const RUNS = { numRuns: 1_500 };

/** Deep equality, cheap while it holds: jest's own comparison is only asked to explain a difference. */
function demandSame(got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) expect(got).toEqual(expected);
}

interface Folded {
  readonly aggregate: Aggregate;
  readonly changes: readonly Change[];
}

function take(aggregate: Aggregate, record: TimelineRecord, policy: Policy, changes: Change[]): Taken {
  const folding = { policy, sink: (change: Change) => changes.push(change) };
  if (record.topic === 'activity') return takeActivity(aggregate, record.input, record, folding);
  return takeCommand(aggregate, record.input, record, folding);
}

function fold({ policy, records }: Timeline, between: (aggregate: Aggregate) => Aggregate = (same) => same): Folded {
  const changes: Change[] = [];
  let aggregate = new Aggregate();
  for (const record of records) {
    take(aggregate, record, policy, changes);
    aggregate = between(aggregate);
  }
  return { aggregate, changes };
}

function lastTime(timeline: Timeline): number {
  return Math.max(...timeline.records.map(({ tMs }) => tMs));
}

/** The registers alone: what law 1 speaks of. */
function registersOf(aggregate: Aggregate): Pick<AggregateSnapshot, 'activity' | 'commands'> {
  const { activity, commands } = snapshot(aggregate);
  return { activity, commands };
}

/** Merges the two topics in another order, each topic's own order kept. */
function interleave(timeline: Timeline, picks: readonly boolean[]): Timeline {
  const activity = timeline.records.filter(({ topic }) => topic === 'activity');
  const commands = timeline.records.filter(({ topic }) => topic === 'commands');
  const records: TimelineRecord[] = [];
  for (let index = 0; activity.length + commands.length > 0; index += 1) {
    const first = picks[index % picks.length] === true ? activity : commands;
    records.push((first.length > 0 ? first : first === activity ? commands : activity).shift()!);
  }
  return { ...timeline, records };
}

describe('the laws of presence', () => {
  it('1: any interleaving of the two topics gives the same registers and shows the same', () => {
    const picks = fc.array(fc.boolean(), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(timelines({ withForget: false }), picks, fc.nat(200), (timeline, order, laterMs) => {
        const one = fold(timeline).aggregate;
        const other = fold(interleave(timeline, order)).aggregate;
        demandSame(registersOf(other), registersOf(one));
        const atMs = lastTime(timeline) + laterMs;
        demandSame(evaluate(other, atMs, timeline.policy), evaluate(one, atMs, timeline.policy));
      }),
      RUNS,
    );
  });

  it('2: a record applied twice changes nothing', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), fc.nat(23), (timeline, which) => {
        const changes: Change[] = [];
        const aggregate = new Aggregate();
        for (const record of timeline.records) {
          take(aggregate, record, timeline.policy, changes);
          const before = snapshot(aggregate);
          const again = timeline.records[which % timeline.records.length]!;
          if (again.offset <= aggregate[again.topic].appliedOffset) {
            expect(take(aggregate, again, timeline.policy, changes)).toBe('duplicate');
            demandSame(snapshot(aggregate), before);
          }
        }
        demandSame(changes, fold(timeline).changes);
      }),
      RUNS,
    );
  });

  it('2: a duplicate under a new offset at the same time changes nothing that is visible', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const doubled = timeline.records.flatMap((record) => [
          { ...record, offset: record.offset * 2 },
          { ...record, offset: record.offset * 2 + 1 },
        ]);
        const seen = (one: Timeline): unknown[] => {
          const { aggregate, changes } = fold(one);
          fireDeadlines(aggregate, lastTime(one) + 500, { policy: one.policy, sink: (change) => (changes as Change[]).push(change) });
          return [...changes];
        };
        demandSame(seen({ ...timeline, records: doubled }), seen(timeline));
      }),
      RUNS,
    );
  });

  it('3: replay gives the same history, from the start and from stored registers alike', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), fc.integer(), (timeline, pattern) => {
        let step = 0;
        const reopened = fold(timeline, (aggregate) => {
          step += 1;
          if (((pattern >> step % 31) & 1) === 0) return aggregate;
          const restored = restore(JSON.parse(JSON.stringify(snapshot(aggregate))) as AggregateSnapshot);
          rearm(restored, timeline.policy);
          return restored;
        });
        demandSame(reopened.changes, fold(timeline).changes);
      }),
      RUNS,
    );
  });

  it('3: however often the timers are run in between, up to what is known, the history is the same', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), fc.nat(60), (timeline, stepMs) => {
        const changes: Change[] = [];
        const aggregate = new Aggregate();
        const folding = { policy: timeline.policy, sink: (change: Change) => changes.push(change) };
        for (const [index, record] of timeline.records.entries()) {
          take(aggregate, record, timeline.policy, changes);
          // No later record is earlier than this, in either topic: time may pass up to it.
          const knownMs = Math.min(...timeline.records.slice(index + 1).map(({ tMs }) => tMs));
          if (Number.isFinite(knownMs)) fireDeadlines(aggregate, Math.min(record.tMs + stepMs, knownMs), folding);
        }
        demandSame(changes, fold(timeline).changes);
      }),
      RUNS,
    );
  });

  it('4: between two consecutive deadlines the view is constant', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const { aggregate } = fold(timeline);
        const { policy } = timeline;
        let fromMs = aggregate.evaluatedAtMs;
        for (let deadlines = 0; deadlines < 50; deadlines += 1) {
          const toMs = nextDeadline(aggregate, fromMs, policy);
          const endMs = Number.isFinite(toMs) ? toMs : fromMs + 500;
          for (let atMs = fromMs; atMs < endMs; atMs += 1) {
            demandSame(evaluate(aggregate, atMs, policy), evaluate(aggregate, fromMs, policy));
          }
          if (!Number.isFinite(toMs)) break;
          fromMs = toMs;
        }
      }),
      RUNS,
    );
  });

  it('5: dropping what is dead changes nothing that is visible, now or later', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), fc.integer(), fc.boolean(), (timeline, pattern, knowing) => {
        let step = 0;
        const views: unknown[] = [];
        const run = (dropping: boolean): Folded => {
          step = 0;
          views.length = 0;
          return fold(timeline, (aggregate) => {
            step += 1;
            const laterMs = Math.min(...timeline.records.slice(step).map(({ tMs }) => tMs));
            if (dropping && ((pattern >> step % 31) & 1) === 1) prune(aggregate, timeline.policy, knowing ? laterMs : undefined);
            for (const afterMs of [0, 7, 30, 90]) views.push(viewAt(aggregate, aggregate.evaluatedAtMs + afterMs, timeline.policy));
            return aggregate;
          });
        };
        const kept = run(false);
        const keptViews = [...views];
        const dropped = run(true);
        demandSame(dropped.changes, kept.changes);
        if (!knowing) demandSame(views, keptViews);
      }),
      RUNS,
    );
  });

  it('versions have no gap within a life and times never decrease', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        let life = 0;
        let version = 0;
        let atMs = Number.NEGATIVE_INFINITY;
        for (const change of fold(timeline).changes) {
          expect(change.life).toBe(life);
          expect(change.version).toBe(change.kind === 'changed' ? version + 1 : version);
          expect(change.atMs).toBeGreaterThanOrEqual(atMs);
          atMs = change.atMs;
          version = change.kind === 'changed' ? change.version : 0;
          if (change.kind === 'forgotten') life += 1;
        }
      }),
      RUNS,
    );
  });
});
