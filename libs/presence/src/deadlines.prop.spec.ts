// Laws 4 and 5 of semantics.md section 4 (deadlines, dropping) and the order of versions, on random histories;
// fast-check prints the seed of a failure.
import * as fc from 'fast-check';
import { timelines } from '#libs/testing';
import { viewAt } from './aggregate.js';
import { nextDeadline } from './deadline.js';
import { evaluate } from './evaluate.js';
import { RUNS, demandSame, fold, type Folded } from '#libs/testing';
import { prune } from './prune.js';

describe('the laws of presence', () => {
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
