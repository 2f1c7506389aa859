// The loop over a real log (the in-memory twin): what is taken, in which order, what is written, and what happens when
// something fails. Time is simulated; nothing here waits for the wall clock.
import { FaultyEventLog, type GroupMember } from '#libs/event-log';
import { SimulatedClock, turns } from '#libs/testing';
import { TaskHost } from './task-host.js';
import { toyLog, toySettings, valuesOf, type ToyChoices, type ToyFold } from './testing/toy-fold.js';

const START_MS = 1_800_000_000_000;

async function scene(choices: Partial<ToyChoices> = {}) {
  const clock = new SimulatedClock(START_MS);
  const log = await toyLog(clock.now);
  const faulty = new FaultyEventLog(log);
  const open = (more: Partial<ToyChoices> = {}): TaskHost =>
    new TaskHost(toySettings({ log: faulty, clock, ...choices, ...more }));
  /** As a process that is killed: nothing of it is committed any more, and the group notices. */
  const kill = async (host: TaskHost, member: GroupMember): Promise<void> => {
    await Promise.all(host.tasks.map((task) => task.abandon()));
    log.groupFaults.expire(member);
  };
  const append = async (topic: string, key: string, value: string): Promise<void> => {
    await log.append(topic, [{ key, value }]);
  };
  const pass = (ms: number): Promise<void> => clock.runTo(clock.nowMs() + ms, turns);
  return { clock, log, faulty, open, kill, append, pass };
}

const changes = (...entries: readonly [version: number, total: number, atMs: number][]): string[] =>
  entries.map(([version, total, afterMs]) => JSON.stringify({ version, total, atMs: START_MS + afterMs }));

describe('a task', () => {
  it('folds what is appended, tells it once, and ends every transaction with its progress', async () => {
    const { log, open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'add 1');
    await append('second', 'a', 'add 2');
    await pass(0);
    expect(host.health()).toEqual([{ partition: 0, state: 'live' }]);
    expect(await valuesOf(log, 'changes')).toEqual(changes([1, 1, 0], [2, 3, 0]));
    const progress = JSON.parse((await valuesOf(log, 'states')).at(-1)!) as { inputs: { nextOffset: number }[] };
    expect(progress.inputs.map(({ nextOffset }) => nextOffset)).toEqual([1, 1]);
    await host.stop();
  });

  it('fires a timer at its deadline, once nothing appended before it can still come', async () => {
    const { log, open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'add 5');
    await append('first', 'a', 'wait 1000');
    await pass(1_249);
    expect(await valuesOf(log, 'changes')).toEqual(changes([1, 5, 0]));
    await pass(1);
    expect(await valuesOf(log, 'changes')).toEqual(changes([1, 5, 0], [2, 0, 1_000]));
    await host.stop();
  });

  it('asks for no ends while nothing is outstanding', async () => {
    const { open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'wait 5000000');
    await pass(1_000);
    const before = host.endsRequests;
    await pass(3_600_000);
    expect(host.endsRequests).toBe(before);
    await host.stop();
  });

  it('merges a backlog by time, the first input first at equal times', async () => {
    const { clock, open, append, pass } = await scene();
    for (const [afterMs, topic] of [
      [0, 'first'],
      [10, 'second'],
      [10, 'first'],
      [20, 'second'],
      [30, 'first'],
      [30, 'first'],
      [40, 'second'],
    ] as const) {
      clock.setTo(START_MS + afterMs);
      await append(topic, 'a', 'add 1');
    }
    const host = open();
    await host.start();
    await pass(0);
    expect((host.task(0)!.fold as ToyFold).taken.map((taken) => taken.replace(/\d+@/, (of) => of))).toEqual(
      ['0:0@0', '0:1@10', '1:0@10', '1:1@20', '0:2@30', '0:3@30', '1:2@40'].map((of) =>
        of.replace(/@(\d+)/, (_, ms: string) => `@${START_MS + Number(ms)}`),
      ),
    );
    await host.stop();
  });

  it('goes on after a restart with timers and versions as they were, also for what was told to nobody', async () => {
    const { log, open, kill, append, pass } = await scene();
    const before = open();
    const member = await before.start();
    await append('first', 'a', 'add 5');
    await append('first', 'a', 'wait 60000');
    await pass(10);
    await kill(before, member);
    const after = open();
    await after.start();
    await pass(100);
    expect((after.task(0)!.fold as ToyFold).taken).toEqual([]);
    await append('second', 'a', 'add 2');
    await pass(60_300);
    expect(await valuesOf(log, 'changes')).toEqual(changes([1, 5, 0], [2, 7, 110], [3, 0, 60_000]));
    await after.stop();
  });

  it('throws everything away and starts from the fence when the outcome of a transaction is unknown', async () => {
    for (const fate of ['lost', 'unseen'] as const) {
      const { log, faulty, open, append, pass } = await scene();
      const host = open();
      await host.start();
      await append('first', 'a', 'add 1');
      await pass(10);
      let once = true;
      faulty.faults.fate = () => {
        const now = once ? fate : 'commit';
        once = false;
        return now;
      };
      await append('first', 'a', 'add 1');
      await pass(1_000);
      expect(await valuesOf(log, 'changes')).toEqual(changes([1, 1, 0], [2, 2, 10]));
      expect(host.health()).toEqual([{ partition: 0, state: 'live' }]);
      await host.stop();
    }
  });

  it('is fenced by whoever takes over, and comes back only through the group', async () => {
    const { log, open, append, pass } = await scene();
    const host = open();
    await host.start();
    await pass(10);
    const foreign = await log.transactor('toys-0');
    await append('first', 'a', 'add 1');
    await pass(0);
    expect(await valuesOf(log, 'changes')).toEqual([]);
    expect(host.task(0)).toBeUndefined();
    await pass(1_000);
    expect(await valuesOf(log, 'changes')).toEqual(changes([1, 1, 10]));
    await expect(foreign.transact({ appends: [] })).rejects.toThrow('newer');
    await host.stop();
  });

  it('puts what cannot be decoded among the rejected records, with the reason, and goes on', async () => {
    const { log, open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'nonsense');
    await append('first', 'a', 'add 1');
    await pass(0);
    expect(await valuesOf(log, 'rejected')).toEqual(['nonsense']);
    for await (const { records } of log.read('rejected', 0, 0, 1)) {
      expect(records[0]!.headers).toEqual({
        topic: 'first',
        partition: '0',
        offset: '0',
        reason: 'unknown word nonsense',
      });
    }
    expect(await valuesOf(log, 'changes')).toHaveLength(1);
    await host.stop();
  });

  it('stops naming the record at which the fold throws, or which policy says not to reject', async () => {
    const { open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'bug');
    await pass(10_000);
    expect(host.health()).toEqual([
      { partition: 0, state: 'stopped', reason: 'first-0 offset 0 cannot be processed: a planted bug' },
    ]);
    await host.stop();
    const strict = await scene({ policies: { cannotDecode: 'stop' } });
    const other = strict.open();
    await other.start();
    await strict.append('second', 'a', 'nonsense');
    await strict.pass(10_000);
    expect(other.health()[0]!.reason).toBe('second-0 offset 0 cannot be decoded: unknown word nonsense');
    await other.stop();
  });

  it('stops naming the range when retention has passed the checkpoint, and goes on without it when that is accepted', async () => {
    const { log, open, append, pass } = await scene();
    const before = open();
    await before.start();
    await append('first', 'a', 'add 1');
    await pass(10);
    await before.stop();
    for (let index = 0; index < 3; index += 1) await append('first', 'a', 'add 1');
    await pass(4_000_000);
    await append('first', 'a', 'add 100');
    const refusing = open();
    await refusing.start();
    await pass(1_000);
    expect(refusing.health()[0]!.reason).toContain('first-0 offsets 1 to 3 ');
    await refusing.stop();
    const accepting = open({ acceptLoss: true });
    await accepting.start();
    await pass(1_000);
    const progress = JSON.parse((await valuesOf(log, 'states')).at(-1)!) as { acceptedLoss: unknown };
    expect(progress.acceptedLoss).toEqual([{ input: 0, fromOffset: 1, toOffset: 4 }]);
    expect((accepting.task(0)!.fold as ToyFold).entries[0]).toMatchObject({ total: 101, version: 2 });
    await accepting.stop();
  });

  it('pauses an input whose queue is full and loses nothing', async () => {
    const { log, open, append, pass } = await scene({
      limits: { queuedRecords: 10, transactionInputs: 5, sliceInputs: 3 },
    });
    const host = open();
    for (let index = 0; index < 200; index += 1) await append(index % 3 === 0 ? 'second' : 'first', 'a', 'add 1');
    await host.start();
    await turns(600);
    await pass(1_000);
    expect(await valuesOf(log, 'changes')).toHaveLength(200);
    expect((host.task(0)!.fold as ToyFold).entries[0]).toMatchObject({ total: 200, version: 200 });
    await host.stop();
  });

  it('stopped properly leaves nothing to fold again, in as many transactions as that takes; of very much it leaves it', async () => {
    for (const { drainedRegisters, left } of [
      { drainedRegisters: 120, left: 0 },
      { drainedRegisters: 119, left: 120 },
    ]) {
      const restored: number[] = [];
      const observer = { restored: ({ absorbed }: { readonly absorbed: number }) => restored.push(absorbed) };
      const { open, append, pass } = await scene({ limits: { transactionInputs: 50, drainedRegisters }, observer });
      const before = open();
      await before.start();
      // Told to nobody, so only in memory.
      for (let index = 0; index < 120; index += 1) await append('first', `key ${index}`, 'wait 60000');
      await pass(10);
      await before.stop();
      const after = open();
      await after.start();
      await pass(10);
      expect(restored).toEqual([0, left]);
      expect((after.task(0)!.fold as ToyFold).entries).toHaveLength(120);
      await after.stop();
    }
  });

  it.each([0, 70, 5_000])(
    'is taken over from its registers and the end of the topic of its progress, %d aborted records behind it',
    async (aborted) => {
      const restored: { readonly records: number; readonly absorbed: number }[] = [];
      const observer = { restored: (told: (typeof restored)[number]) => restored.push(told) };
      const { log, open, kill, append, pass } = await scene({ observer });
      for (let index = 0; index < 100; index += 1) await append('states', `state ${index}`, 'of somebody');
      const host = open();
      const member = await host.start();
      for (let index = 0; index < 30; index += 1) {
        await append('first', `key ${index % 10}`, 'add 1');
        await pass(10);
      }
      await kill(host, member);
      if (aborted > 0) log.leaveAborted('states', 0, aborted);
      const heir = open();
      await heir.start();
      await pass(10);
      expect(restored.at(-1)).toMatchObject({ records: 10, absorbed: 0 });
      await append('first', 'key 0', 'add 1');
      await pass(10);
      expect((await valuesOf(log, 'changes')).at(-1)).toContain('"version":4');
      await heir.stop();
    },
  );

  it('closes transactions at fewer inputs while they take long, and at as many as before once they do not', async () => {
    const sizes: number[] = [];
    const observer = { committed: ({ inputs }: { readonly inputs: number }) => sizes.push(inputs) };
    const { log, clock, faulty, open, append, pass } = await scene({ limits: { transactionInputs: 8_000 }, observer });
    const host = open();
    await host.start();
    const writesTake = (ms: number): void => {
      faulty.faults.beforeWrite = () => new Promise((resolve) => clock.wakeAt(clock.nowMs() + ms, () => resolve()));
    };
    writesTake(2_100);
    const appendMany = (): Promise<unknown> =>
      log.append(
        'first',
        Array.from({ length: 40_000 }, () => ({ key: 'a', value: 'add 1' })),
      );
    await appendMany();
    await turns(12_000);
    for (let second = 0; second < 90; second += 1) await pass(1_000);
    expect(await valuesOf(log, 'changes')).toHaveLength(40_000);
    expect(sizes.slice(-4, -1)).toEqual([1_000, 1_000, 1_000]);
    writesTake(400);
    // One after the other: the next may be larger than the last.
    for (let one = 0; one < 4; one += 1) {
      await append('first', 'a', 'add 1');
      await pass(1_000);
    }
    sizes.length = 0;
    await appendMany();
    await turns(12_000);
    for (let second = 0; second < 10; second += 1) await pass(1_000);
    expect(await valuesOf(log, 'changes')).toHaveLength(80_004);
    expect(sizes).toContain(8_000);
    await host.stop();
  });

  it('commits group offsets for lag tools with the very transaction by which it has caught up', async () => {
    const { log, open, append } = await scene({ limits: { sliceInputs: 10, transactionInputs: 50 } });
    for (let index = 0; index < 200; index += 1) await append('first', 'a', 'add 1');
    const host = open();
    await host.start();
    await turns(600);
    expect(await valuesOf(log, 'changes')).toHaveLength(200);
    expect((await log.committed('toys', 'first')).get(0)?.offset).toBe(200);
    await host.stop();
  });

  it('commits group offsets for lag tools soon after the last input', async () => {
    const { log, open, append, pass } = await scene();
    const host = open();
    await host.start();
    await append('first', 'a', 'add 1');
    await pass(4_000);
    expect((await log.committed('toys', 'first')).size).toBe(0);
    await pass(1_500);
    expect((await log.committed('toys', 'first')).get(0)?.offset).toBe(1);
    await host.stop();
  });
});
