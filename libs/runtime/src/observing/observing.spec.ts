// Health and metrics: what probes and scrapers get to see.

import { HealthRegistry } from './health.js';
import { Metrics, counter, gauge, histogram } from './metrics.js';

describe('health', () => {
  it('keeps liveness apart from readiness: what is not ready may well be alive', () => {
    const health = new HealthRegistry();
    let broker: string | undefined = 'the broker is away';
    health.readiness('log', () => broker);
    health.liveness('loop', () => undefined);
    expect(health.live()).toEqual({ well: true, checks: { loop: 'ok' } });
    expect(health.ready()).toEqual({ well: false, checks: { loop: 'ok', log: 'the broker is away' } });
    broker = undefined;
    expect(health.ready().well).toBe(true);
  });
});

describe('metrics', () => {
  it('come from a typed catalogue, with help and labels', async () => {
    const metrics = new Metrics();
    const meters = metrics.meters({
      taken: counter('rollcall_test_taken_total', 'Inputs taken.', ['topic']),
      users: gauge('rollcall_test_users', 'Users held.'),
      batch: histogram('rollcall_test_batch_seconds', 'Time of a batch.', { buckets: [0.1, 1] }),
    });
    meters.taken.inc({ topic: 'activity' }, 3);
    meters.users.set(2);
    meters.batch.observe(0.5);
    const text = await metrics.exposition();
    expect(text).toContain('# HELP rollcall_test_taken_total Inputs taken.');
    expect(text).toContain('rollcall_test_taken_total{topic="activity"} 3');
    expect(text).toContain('rollcall_test_users 2');
    expect(text).toContain('rollcall_test_batch_seconds_bucket{le="1"} 1');
  });

  it('refuse a name twice', () => {
    const metrics = new Metrics();
    metrics.meters({ one: gauge('rollcall_test_once', 'Once.') });
    expect(() => metrics.meters({ two: gauge('rollcall_test_once', 'Twice.') })).toThrow(/already been registered/);
  });

  it('show the delay of the event loop', async () => {
    const metrics = new Metrics();
    metrics.watchProcess();
    expect(await metrics.exposition()).toContain('nodejs_eventloop_lag_p99_seconds');
  });
});
