// The contract suite bites: each planted fault, put into the in-memory twin, makes the test fail that is there for it.
import type { Appended, EventLog, GroupOptions, NewRecord, RecordBatch, TailOptions, Transaction } from './port.js';
import { describeEventLog, type LogUnderTest } from './event-log.contract.js';
import { patience } from './contract/setting.js';
import { MemoryEventLog } from './memory-event-log.js';

type Test = readonly [name: string, run: () => Promise<void>];

/** Declares the suite without running it, and returns its tests and its frame. */
const collect = (open: () => Promise<LogUnderTest>) => {
  const tests: Test[] = [];
  const frame: (() => Promise<void>)[] = [];
  const real = { describe, it, beforeAll, afterAll };
  const declare = Object.assign((name: string, run: () => Promise<void>) => void tests.push([name, run]), {
    skip: () => undefined,
  });
  const stand = {
    describe: (_name: string, body: () => void) => body(),
    it: declare,
    beforeAll: (run: () => Promise<void>) => void frame.push(run),
    afterAll: () => undefined,
  };
  Object.assign(globalThis, stand);
  try {
    describeEventLog('planted', open, { housekeeping: true, steppedTime: true, abortedTransactions: true });
  } finally {
    Object.assign(globalThis, real);
  }
  return { tests, prepare: async () => Promise.all(frame.map((run) => run())) };
};

/** A log in which some methods are replaced; the rest is the real twin. */
const planted = (fault: (log: MemoryEventLog) => Partial<EventLog>) => async (): Promise<LogUnderTest> => {
  let shiftMs = 0;
  const inner = new MemoryEventLog({ now: () => Date.now() + shiftMs, controlRecords: true, batchRecords: 7 });
  const replaced = fault(inner) as Record<string, unknown>;
  const log = new Proxy(inner, {
    get: (target, name) => {
      const member = replaced[name as string] ?? (target as unknown as Record<string | symbol, unknown>)[name];
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member;
    },
  });
  return {
    log,
    advanceMs: (ms) => void (shiftMs += ms),
    housekeep: async () => undefined,
    leaveAborted: async (topic, partition) => inner.leaveAborted(topic, partition, 3),
    close: () => inner.close(),
  };
};

/** The names of the tests that fail, of all or of those of one name. */
const failing = async (fault: (log: MemoryEventLog) => Partial<EventLog>, only?: string): Promise<string[]> => {
  const { tests, prepare } = collect(planted(fault));
  await prepare();
  const chosen = tests.filter(([name]) => only === undefined || name === only);
  expect(chosen).not.toEqual([]);
  const results = await Promise.all(
    chosen.map(async ([name, run]) =>
      run().then(
        () => '',
        () => name,
      ),
    ),
  );
  return results.filter((name) => name !== '');
};

/** What a fault does to every batch that is delivered. */
const delivering = (log: MemoryEventLog, change: (batch: RecordBatch) => RecordBatch[]): Partial<EventLog> => ({
  tail: (options: TailOptions) =>
    MemoryEventLog.prototype.tail.call(log, {
      ...options,
      onBatch: async (batch) => {
        for (const one of change(batch)) await options.onBatch(one);
      },
    }),
  join: (options: GroupOptions) =>
    MemoryEventLog.prototype.join.call(log, { ...options, onBatch: (batch) => change(batch).forEach(options.onBatch) }),
});

const appending = (
  log: MemoryEventLog,
  change: (records: readonly NewRecord[]) => readonly NewRecord[],
): Partial<EventLog> => ({
  append: (topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> =>
    MemoryEventLog.prototype.append.call(log, topic, change(records)),
});

const transacting = (
  log: MemoryEventLog,
  transact: (transaction: Transaction) => Promise<void>,
): Partial<EventLog> => ({
  transactor: async (id: string) => {
    const real = await MemoryEventLog.prototype.transactor.call(log, id);
    let usable = true;
    return {
      transact: async (transaction) => {
        if (!usable) return real.transact(transaction);
        await transact(transaction).catch(async (error: unknown) => {
          usable = false;
          await real.close();
          throw error;
        });
      },
      close: () => real.close(),
    };
  },
});

const piecewise =
  (log: MemoryEventLog) =>
  async ({ appends, offsets }: Transaction): Promise<void> => {
    for (const { topic, records } of appends) await log.append(topic, records);
    if (offsets !== undefined) await log.commit(offsets.group, offsets.positions);
  };

const FAULTS: readonly (readonly [
  fault: string,
  caughtBy: string,
  plant: (log: MemoryEventLog) => Partial<EventLog>,
])[] = [
  ['reverses a batch', 'appends in order and says where', (log) => appending(log, (records) => [...records].reverse())],
  [
    'loses headers',
    'carries headers, tombstones, empty values and any bytes',
    (log) => appending(log, (records) => records.map(({ key, value }) => ({ key, value }))),
  ],
  [
    'ignores the partition asked for',
    'obeys an explicit partition, and places records without a key somewhere',
    (log) => appending(log, (records) => records.map(({ key, value }) => ({ key, value }))),
  ],
  [
    'reads past the end asked for',
    'reads what lies between two offsets',
    (log) => ({ read: (t, p, from, _to) => MemoryEventLog.prototype.read.call(log, t, p, from, 20) }),
  ],
  ['does not fence', 'fences older transactors of the same id', (log) => transacting(log, piecewise(log))],
  [
    'writes halves of transactions',
    'writes nothing of a transaction that fails, and is unusable afterwards',
    (log) => transacting(log, piecewise(log)),
  ],
  [
    'forgets positions in transactions',
    'writes outputs of several topics and positions together',
    (log) => transacting(log, ({ appends }) => piecewise(log)({ appends })),
  ],
  [
    'never says that it moved',
    'report movement over what cannot be read, up to the stable end',
    (log) => delivering(log, (batch) => (batch.records.length === 0 ? [] : [batch])),
  ],
  [
    'delivers twice',
    'read from the start, from the end or from offsets, and go on with what is appended',
    (log) => delivering(log, (batch) => [batch, batch]),
  ],
  [
    'loses what lies after a rebalance',
    'share partitions between two members, and give them back',
    (log) => delivering(log, (batch) => [{ ...batch, records: batch.records.slice(0, 1) }]),
  ],
  [
    'deletes nothing',
    'are another topic when created again under the same name',
    () => ({ deleteTopic: async () => undefined }),
  ],
  [
    'takes any shape',
    'of another shape are refused',
    (log) => ({
      createTopics: (specs) => MemoryEventLog.prototype.createTopics.call(log, specs).catch(() => undefined),
    }),
  ],
  [
    'forgets metadata',
    'remembers what a group committed, with its metadata',
    (log) => ({
      commit: (group, positions) =>
        MemoryEventLog.prototype.commit.call(
          log,
          group,
          positions.map(({ metadata: _, ...rest }) => rest),
        ),
    }),
  ],
];

describe('the contract suite', () => {
  const usualMs = patience.ms;
  afterEach(() => void (patience.ms = usualMs));

  it('passes the log as it is', async () => {
    expect(await failing(() => ({}))).toEqual([]);
  });

  it.each(FAULTS)('catches a log that %s', async (_fault, caughtBy, plant) => {
    patience.ms = 500;
    expect(await failing(plant, caughtBy)).toEqual([caughtBy]);
  });
});
