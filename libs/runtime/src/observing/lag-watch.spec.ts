// Lag as operators see it: records not taken yet, and for how long the log has held them.
import { LagWatch, type PartPosition } from './lag-watch.js';
import { Metrics } from './metrics.js';

const TOPIC = 'presence.activity';

class World {
  nowMs_ = 1_000_000;
  ends: number[] | Error = [0, 0];
  positions: PartPosition[] = [];
  readonly metrics = new Metrics();
  readonly #look: () => Promise<void>;
  readonly watch: LagWatch;

  constructor() {
    this.watch = new LagWatch(this.metrics, { nowMs: () => this.nowMs_ });
    const ends = (): Promise<readonly number[]> =>
      this.ends instanceof Error ? Promise.reject(this.ends) : Promise.resolve(this.ends);
    this.#look = this.watch.watch({ part: 'aggregator', log: { ends }, positions: () => this.positions });
  }

  at(...offsets: readonly number[]): void {
    this.positions = offsets.map((nextOffset, partition) => ({ topic: TOPIC, partition, nextOffset }));
  }

  async seen(afterMs: number): Promise<{ readonly records: Record<string, number>; readonly seconds: number }> {
    this.nowMs_ += afterMs;
    await this.#look();
    const text = await this.metrics.exposition();
    const records = [...text.matchAll(/^rollcall_lag_records\{.*partition="(\d+)"\} (\d+)/gm)];
    return {
      records: Object.fromEntries(records.map(([, partition, count]) => [String(partition), Number(count)])),
      seconds: Number(/^rollcall_lag_seconds\{part="aggregator"\} ([\d.]+)/m.exec(text)?.[1]),
    };
  }
}

describe('the watch on lag', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => {
    world.watch.stop();
  });

  it('counts what is there and not taken, and for how long it has been', async () => {
    world.ends = [10, 0];
    world.at(10, 0);
    expect(await world.seen(0)).toEqual({ records: { 0: 0, 1: 0 }, seconds: 0 });
    world.ends = [40, 5];
    expect(await world.seen(5_000)).toEqual({ records: { 0: 30, 1: 5 }, seconds: 0 });
    world.ends = [60, 5];
    expect(await world.seen(5_000)).toEqual({ records: { 0: 50, 1: 5 }, seconds: 5 });
    world.at(45, 5);
    expect(await world.seen(5_000)).toEqual({ records: { 0: 15, 1: 0 }, seconds: 5 });
    world.at(60, 5);
    expect(await world.seen(5_000)).toEqual({ records: { 0: 0, 1: 0 }, seconds: 0 });
  });

  it('leaves partitions that others read now to them', async () => {
    world.ends = [3, 3];
    world.at(0, 0);
    await world.seen(0);
    world.at(0);
    expect((await world.seen(5_000)).records).toEqual({ 0: 3 });
  });

  it('keeps its last figures while the log is away', async () => {
    world.ends = [3, 0];
    world.at(1, 0);
    await world.seen(0);
    world.ends = new Error('away');
    expect((await world.seen(5_000)).records).toEqual({ 0: 2, 1: 0 });
  });
});
