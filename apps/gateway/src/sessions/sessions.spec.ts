// The sessions of a gateway on a simulated clock: which records a loop of polls costs, and when.
import { SimulatedClock, turns } from '#libs/testing';
import type { Appended } from '#libs/event-log';
import type { ActivityInput, Claim } from '#libs/presence';
import { CellRateLimit } from '../rate-limit.js';
import { Sessions, type Attendance } from './sessions.js';

interface Written {
  readonly atMs: number;
  readonly userId: string;
  readonly input: ActivityInput;
}

class Scene {
  readonly clock = new SimulatedClock(1_000_000);
  readonly written: Written[] = [];
  readonly troubles: unknown[] = [];
  away = false;
  readonly sessions: Sessions;

  constructor({ perSecond = 5, burst = 20, maxLeaseMs = 600_000, offlineAfterMs = 30_000 } = {}) {
    this.sessions = new Sessions({
      clock: this.clock,
      writer: {
        activity: (inputs) => {
          if (this.away) return Promise.reject(new Error('away'));
          for (const { userId, input } of inputs) this.written.push({ atMs: this.clock.nowMs(), userId, input });
          return Promise.resolve(
            inputs.map((): Appended => ({ partition: 0, offset: this.written.length - 1, timestampMs: 0 })),
          );
        },
      },
      gatewayId: 'gw',
      offlineAfterMs,
      maxLeaseMs,
      claims: new CellRateLimit(perSecond, burst),
      onTrouble: (error) => this.troubles.push(error),
    });
  }

  start(claim: Claim, { deviceId = 'D', kind = 'poll' as const, userId = '@a:hs' } = {}): Attendance {
    return this.sessions.attend({ userId, deviceId, kind, claim });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runTo(this.clock.nowMs() + ms, () => turns(5));
  }

  /** Polls of so long, one after the other with a moment between them. */
  async poll(claim: Claim, times: number, eachMs = 30_000): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      const { ended } = this.start(claim);
      await this.pass(eachMs);
      ended('answered');
      await this.pass(50);
    }
  }

  types(): string[] {
    return this.written.map(({ input }) =>
      input.type === 'device.connected'
        ? `connected ${input.claim}`
        : `disconnected ${String((input as { agoMs?: number }).agoMs)}`,
    );
  }
}

describe('a poll loop', () => {
  it('costs one record when it starts, however many polls follow within two minutes', async () => {
    const scene = new Scene();
    await scene.poll('auto', 3);
    expect(scene.types()).toEqual(['connected auto']);
    expect(scene.written[0]?.input).toMatchObject({
      type: 'device.connected',
      deviceId: 'D',
      sessionId: 'gw',
      leaseMs: 300_000,
    });
  });

  it('costs one renewal every couple of minutes, and none before its lease needs it', async () => {
    const scene = new Scene();
    await scene.poll('auto', 120);
    const times = scene.written.map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(gaps.length).toBeGreaterThanOrEqual(20);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(100_000);
      expect(gap).toBeLessThan(180_000);
    }
    expect(new Set(gaps).size).toBeGreaterThan(1);
  });

  it('renews devices at different times that started at the same', async () => {
    const scene = new Scene();
    for (let n = 0; n < 50; n += 1) scene.start('auto', { userId: `@u${String(n)}:hs` });
    await scene.pass(160_000);
    const renewals = scene.written.slice(50).map(({ atMs }) => atMs);
    expect(renewals).toHaveLength(50);
    expect(new Set(renewals).size).toBeGreaterThan(25);
  });

  it('tells a change of claim at once, and only once', async () => {
    const scene = new Scene();
    await scene.poll('auto', 2);
    await scene.poll('unavailable', 2);
    await scene.poll('none', 2, 10_000);
    expect(scene.types()).toEqual(['connected auto', 'connected unavailable', 'connected none']);
  });

  it('ends once, after the grace, saying how long ago its last poll ended', async () => {
    const scene = new Scene();
    await scene.poll('auto', 1);
    await scene.pass(120_000);
    expect(scene.types()).toHaveLength(2);
    const [opened, ended] = scene.written;
    const agoMs = (ended?.input as { agoMs: number }).agoMs;
    expect((ended?.atMs ?? 0) - agoMs).toBe((opened?.atMs ?? 0) + 30_000);
    expect(agoMs).toBeGreaterThan(25_000);
    expect(agoMs).toBeLessThanOrEqual(30_000);
    expect(scene.sessions.size).toBe(0);
  });

  it('does not end while a poll is in flight, however long', async () => {
    const scene = new Scene();
    scene.start('auto');
    await scene.pass(90_000);
    expect(scene.types()).toEqual(['connected auto']);
  });

  it('does not end when its polls come slowly, but within the grace', async () => {
    const scene = new Scene();
    for (let n = 0; n < 4; n += 1) {
      scene.start('auto').ended('answered');
      await scene.pass(20_000);
    }
    expect(scene.types()).toEqual(['connected auto']);
  });

  it('begins again after it has ended', async () => {
    const scene = new Scene();
    scene.start('auto').ended('answered');
    await scene.pass(40_000);
    scene.start('auto').ended('answered');
    expect(scene.types().map((type) => type.split(' ')[0])).toEqual(['connected', 'disconnected', 'connected']);
  });

  it('is told to be silent when it begins so: PUTs stand by it', () => {
    const scene = new Scene();
    scene.start('none');
    expect(scene.types()).toEqual(['connected none']);
  });

  it('gives every request of its start the place of the one record', async () => {
    const scene = new Scene();
    const [first, second] = [scene.start('auto'), scene.start('auto')];
    expect(await first.announced).toEqual(await second.announced);
    expect(await first.announced).toBeDefined();
    expect(scene.types()).toEqual(['connected auto']);
  });

  it('keeps a lease within what the policy allows, and renews it in time', async () => {
    const scene = new Scene({ maxLeaseMs: 10_000, offlineAfterMs: 1_000 });
    scene.start('auto');
    await scene.pass(60_000);
    const times = scene.written.map(({ atMs, input }) => [atMs, (input as { leaseMs: number }).leaseMs] as const);
    expect(times.length).toBeGreaterThan(10);
    times.slice(1).forEach(([atMs], index) => {
      expect(atMs - (times[index]?.[0] ?? 0)).toBeLessThan(times[index]?.[1] ?? 0);
    });
  });
});

describe('several sessions', () => {
  it('keeps devices, and polls and streams of one device, apart', async () => {
    const scene = new Scene();
    scene.start('auto', { deviceId: 'D1' });
    scene.start('online', { deviceId: 'D2' });
    scene.sessions.attend({ userId: '@a:hs', deviceId: 'D1', kind: 'stream', claim: 'online' }).ended('abandoned');
    await scene.pass(60_000);
    const ids = scene.written.map(
      ({ input }) => `${String(input.deviceId)} ${(input as { sessionId: string }).sessionId} ${input.type}`,
    );
    expect(ids).toEqual([
      'D1 gw device.connected',
      'D2 gw device.connected',
      'D1 gw.stream device.connected',
      'D1 gw.stream device.disconnected',
    ]);
  });

  it('ends all of them at a proper stop, as of now', async () => {
    const scene = new Scene();
    scene.start('auto', { deviceId: 'D1' });
    scene.start('auto', { deviceId: 'D2' }).ended('answered');
    await scene.pass(10_000);
    await scene.sessions.endAll();
    expect(scene.types().slice(2)).toEqual(['disconnected 0', 'disconnected 0']);
    scene.start('auto');
    await scene.pass(60_000);
    expect(scene.written).toHaveLength(4);
  });
});

describe('the rate limit of claims', () => {
  it('delays a change, never loses the last one, and tells nothing in between', async () => {
    const scene = new Scene({ perSecond: 0.1, burst: 1 });
    scene.start('auto').ended('answered');
    const delayed = scene.start('unavailable');
    expect(delayed.announced).toBeUndefined();
    delayed.ended('answered');
    scene.start('online').ended('answered');
    expect(scene.types()).toEqual(['connected auto']);
    await scene.pass(11_000);
    expect(scene.types()).toEqual(['connected auto', 'connected online']);
  });

  it('tells nothing when the claim has come back before its turn', async () => {
    const scene = new Scene({ perSecond: 0.1, burst: 1 });
    scene.start('auto').ended('answered');
    scene.start('unavailable').ended('answered');
    scene.start('auto').ended('answered');
    await scene.pass(15_000);
    expect(scene.types()).toEqual(['connected auto']);
  });
});

describe('a log that is away', () => {
  it('is told again when it is back, while polls are answered meanwhile', async () => {
    const scene = new Scene();
    scene.away = true;
    const first = scene.start('auto');
    expect(await first.announced).toBeUndefined();
    first.ended('answered');
    await scene.pass(5_000);
    scene.away = false;
    await scene.pass(2_000);
    expect(scene.types()).toEqual(['connected auto']);
    expect(scene.troubles.length).toBeGreaterThan(0);
  });

  it('is told the end later, with the time since the last poll', async () => {
    const scene = new Scene();
    scene.start('auto').ended('answered');
    await scene.pass(20_000);
    scene.away = true;
    await scene.pass(30_000);
    scene.away = false;
    await scene.pass(5_000);
    const [, ended] = scene.written;
    expect(ended?.input.type).toBe('device.disconnected');
    expect((ended?.atMs ?? 0) - (ended?.input as { agoMs: number }).agoMs).toBe(1_000_000);
  });

  it('is told of a device that came back while its end could not be told', async () => {
    const scene = new Scene();
    scene.start('auto').ended('answered');
    await scene.pass(20_000);
    scene.away = true;
    await scene.pass(20_000);
    scene.start('auto');
    scene.away = false;
    await scene.pass(5_000);
    expect(scene.types()).toEqual(['connected auto', 'connected auto']);
  });

  it('is not told of an end that its lease has made already', async () => {
    const scene = new Scene();
    scene.start('auto').ended('answered');
    await scene.pass(20_000);
    scene.away = true;
    await scene.pass(400_000);
    scene.away = false;
    await scene.pass(60_000);
    expect(scene.types()).toEqual(['connected auto']);
    expect(scene.sessions.size).toBe(0);
  });
});
