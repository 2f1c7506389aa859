// Late transactions against what the log says: the order in which a Synapse that was killed between beginning and ending a transaction
// has been seen to hand over (join in 5; killed; leave in 6, then 7; 8 fails; 5 again, 8).
import { asOfHeaders } from '#libs/contracts';
import { LogUnavailableError, MemoryEventLog, type NewRecord } from '#libs/event-log';
import { Overtaking, type TimedWord } from './overtaking.js';

const TOPIC = 'presence.memberships';
const GROUP = 'presence.bridge';
const HOUR_MS = 3_600_000;

let nowMs: number;
let log: MemoryEventLog;
let calls: string[];
let overtaking: Overtaking;
let warnings: string[];

const restarted = (): Overtaking => {
  // Whoever waits for a time waits for nothing else here.
  const wakeAt = (_atMs: number, wake: () => void): (() => void) => {
    const timer = setImmediate(() => setImmediate(wake));
    return () => clearImmediate(timer);
  };
  const clock = { nowMs: () => nowMs, wakeAt };
  const journal = { warn: (text: string) => void warnings.push(text) };
  return new Overtaking({ log, clock, group: GROUP, topic: TOPIC, journal });
};

beforeEach(async () => {
  nowMs = 1_000 * HOUR_MS;
  calls = [];
  warnings = [];
  log = new MemoryEventLog({ now: () => nowMs });
  const minCompactionLagMs = 168 * HOUR_MS;
  await log.createTopics([
    { name: TOPIC, partitions: 3, cleanup: 'compact', minCompactionLagMs, timestamps: 'create' },
  ]);
  for (const name of ['read', 'ends', 'offsetsAt', 'commit', 'committed'] as const) {
    const call = log[name].bind(log) as (...words: unknown[]) => unknown;
    Object.assign(log, { [name]: (...words: unknown[]) => (calls.push(name), call(...words)) });
  }
  overtaking = restarted();
});

const at = (key: string, agoMs?: number): TimedWord => ({ key, atMs: agoMs === undefined ? undefined : nowMs - agoMs });

/** As `Transactions` does; the keys that were written. */
async function take(id: number | string, ...words: TimedWord[]): Promise<string[]> {
  const isLate = await overtaking.isLate(String(id));
  const remaining = isLate ? await overtaking.remaining(TOPIC, words) : words;
  const records = remaining.map(({ key, atMs }): NewRecord => ({ key, value: '{}', headers: asOfHeaders(atMs) }));
  if (records.length > 0) await log.append(TOPIC, records);
  overtaking.taken(String(id), words.length > 0);
  // What is kept beside it.
  await new Promise((done) => setImmediate(done));
  return remaining.map(({ key }) => key);
}

describe('a transaction that comes after newer ones', () => {
  it('says nothing of what was said since, and the rest', async () => {
    await take(6, at('a', 1_000));
    await take(7);
    expect(await take(5, at('a', 1_001), at('b', 1_001))).toEqual(['b']);
  });

  it('is known as one by the next process', async () => {
    await take(6, at('a', 1_000));
    overtaking = restarted();
    expect(await take(5, at('a', HOUR_MS))).toEqual([]);
    expect(await take(7, at('a', 0))).toEqual(['a']);
  });

  it('may be any of several, in any order', async () => {
    await take(9, at('a', 1_000), at('b', 50_000), at('c', 1_000));
    expect(await take(4, at('a', 90_000))).toEqual([]);
    expect(await take(3, at('b', 60_000))).toEqual([]);
    expect(await take(5, at('b', 40_000), at('c', 40_000))).toEqual(['b']);
  });

  it('says again what it has said before, and what comes from an event without a time', async () => {
    await take(5, at('a', 9_000), at('b', 9_000));
    await take(6, at('c', 1_000));
    expect(await take(5, at('a', 9_000), at('b'))).toEqual(['a', 'b']);
  });

  it('is overtaken by an import or an operator too, whose records are as new as themselves', async () => {
    await take(6);
    await log.append(TOPIC, [{ key: 'a', value: '{}' }]);
    nowMs += 1;
    expect(await take(5, at('a', 2), at('a', 0))).toEqual(['a']);
  });

  it('is overtaken by a leave, also where an invite after that is of an earlier time: another server has another clock', async () => {
    await take(6, at('a', 1_000));
    await take(7, at('a', 80_000));
    expect(await take(5, at('a', 60_000))).toEqual([]);
  });

  it('is taken as it is where the log must not be read', async () => {
    await take(6, at('a', 1_000));
    log.offsetsAt = () => Promise.reject(new Error('not allowed'));
    expect(await take(5, at('a', 2_000))).toEqual(['a']);
    expect(warnings).toHaveLength(1);
  });

  it('may be the first of all', async () => {
    await take(2, at('a', 1_000));
    expect(await take(1, at('a', 2_000))).toEqual([]);
  });
});

describe('a transaction in its order', () => {
  it('is looked up nowhere, whatever the times of its events', async () => {
    for (const [index, agoMs] of [10, HOUR_MS, 0, 5_000 * HOUR_MS, undefined].entries())
      expect(await take(index + 2, at('a', agoMs))).toEqual(['a']);
    expect(calls).not.toContain('read');
    expect(calls).not.toContain('offsetsAt');
    expect(calls.filter((name) => name === 'committed')).toHaveLength(1);
  });

  it('may come again', async () => {
    await take(900, at('a', 10));
    expect(await take(900, at('a', 20))).toEqual(['a']);
    expect(calls).not.toContain('read');
  });

  it.each([
    ['from 1', 1],
    ['from what was left of a kill', 501],
  ])('may count anew, %s, and is in its order after the tenth', async (_how, first) => {
    await take(900, at('a', 10));
    // Nothing of them is lost meanwhile.
    for (let id = first; id < first + 10; id += 1) {
      nowMs += 100;
      expect(await take(id, at('a', 0))).toEqual(['a']);
    }
    calls = [];
    expect(await take(first + 10, at('a', HOUR_MS))).toEqual(['a']);
    overtaking = restarted();
    expect(await take(first + 11, at('a', 2 * HOUR_MS))).toEqual(['a']);
    expect(calls).not.toContain('read');
    expect(await take(first + 3, at('a', 3 * HOUR_MS))).toEqual([]);
  });

  it('has an id that is no count at other homeservers', async () => {
    await take(900, at('a', 10));
    for (const id of ['7f3a', '01', '-5', '1764288000_0', '9'.repeat(20)])
      expect(await take(id, at('a', HOUR_MS))).toEqual(['a']);
  });

  it('is kept at once when it has words, and else now and then', async () => {
    const commits = (): number => calls.filter((name) => name === 'commit').length;
    await take(2, at('a', 10));
    await take(3, at('a', 5));
    expect(commits()).toBe(2);
    for (let id = 4; id < 20; id += 1) await take(id);
    expect(commits()).toBe(2);
    nowMs += 5_000;
    await take(20);
    expect(commits()).toBe(3);
  });
});

describe('a log', () => {
  it('that does not answer fails a late transaction, which is right when it comes again', async () => {
    await take(6, at('a', 1_000));
    const { offsetsAt } = log;
    log.offsetsAt = () => Promise.reject(new LogUnavailableError('away'));
    await expect(take(5, at('a', 2_000))).rejects.toThrow('away');
    log.offsetsAt = offsetsAt;
    expect(await take(5, at('a', 2_000))).toEqual([]);
  });

  it('that refuses the group holds nothing up, and is asked again', async () => {
    const { committed, commit } = log;
    log.committed = () => Promise.reject(new Error('not allowed'));
    for (const id of [6, 7, 8]) expect(await take(id, at('a', 1_000 - id))).toEqual(['a']);
    expect(warnings).toHaveLength(1);
    log.committed = committed;
    let refused = 0;
    log.commit = () => Promise.reject(new Error(`not allowed ${String((refused += 1))}`));
    for (const id of [9, 10, 11, 12]) expect(await take(id, at('a', 1_000 - id))).toEqual(['a']);
    expect(refused).toBeLessThanOrEqual(2);
    expect(warnings).toHaveLength(2);
    log.commit = commit;
    nowMs += 5_000;
    await take(13);
    expect((await log.committed(GROUP, TOPIC)).get(0)?.metadata).toBe('13');
  });

  it('whose coordinator does not answer holds nothing up either, and what it says late counts then', async () => {
    await take(20, at('a', 1_000));
    overtaking = restarted();
    const { committed } = log;
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    log.committed = async (...words) => {
      await answered;
      return committed(...words);
    };
    log.commit = () => new Promise(() => undefined);
    expect(await take(21, at('a', 900))).toEqual(['a']);
    expect(await take(22, at('a', 800))).toEqual(['a']);
    answer();
    expect(await take(23, at('a', 700))).toEqual(['a']);
    expect(await take(24, at('a', 600))).toEqual(['a']);
    expect(await take(19, at('a', 1_500))).toEqual([]);
  });
});
