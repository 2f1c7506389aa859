// Laws 1 to 3 of semantics.md section 4 (order, idempotence, replay) on random histories; fast-check prints the seed
// of a failure.
import * as fc from 'fast-check';
import { timelines, type Timeline, type TimelineRecord } from '#libs/testing';
import { Aggregate, rearm } from './aggregate.js';
import type { Change } from './change.js';
import { evaluate } from './evaluate.js';
import { RUNS, demandSame, fold, take } from '#libs/testing';
import { restore, snapshot, type AggregateSnapshot } from './snapshot.js';
import { absorbActivity, absorbCommand, fireDeadlines } from './take.js';

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

  it('3: what lies behind the last stored registers is absorbed, one topic after the other, without telling anything', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const { policy } = timeline;
        const live = new Aggregate();
        const changes: Change[] = [];
        let stored = snapshot(live);
        let silent: TimelineRecord[] = [];
        for (const record of timeline.records) {
          const before = changes.length;
          take(live, record, policy, changes);
          silent.push(record);
          // A forget is stored even where it found nobody: what it ignores must not depend on the order of absorbing.
          if (changes.length > before || record.input.type === 'user.forget') [stored, silent] = [snapshot(live), []];
          const absorbed = restore(stored);
          for (const each of silent) if (each.topic === 'activity') absorbActivity(absorbed, each.input, each, policy);
          for (const each of silent) if (each.topic === 'commands') absorbCommand(absorbed, each.input, each);
          demandSame(snapshot(absorbed), snapshot(live));
        }
      }),
      RUNS,
    );
  });
});
