// Members who want records early: handed them in time to answer within the same commit, nothing beyond what they may be told
// is lost, and if it is, they begin again from what is on disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupMember, RecordBatch } from '#libs/event-log';
import { EmbeddedEventLog } from './embedded-event-log.js';

const TOPICS = ['in', 'out'].map((name) => ({ name, partitions: 2, cleanup: 'delete', timestamps: 'append' }) as const);
const FAULT = new Error('the disk is gone (injected)');

let directory: string;
let log: EmbeddedEventLog;
let commits: number;
let fault: Error | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rollcall-early-'));
  [commits, fault] = [0, undefined];
  const commitFault = (): Error | undefined => {
    commits += 1;
    return fault;
  };
  log = await EmbeddedEventLog.open({ directory, upkeepMs: 0, commitFault });
  await log.createTopics(TOPICS);
});
afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

/** What happened to one member, in order. */
class Seat {
  readonly events: string[] = [];
  readonly values: string[] = [];
  member!: GroupMember;
  #places = new Map<number, number>();

  static async of(early: boolean, onBatch: (batch: RecordBatch) => void = () => undefined): Promise<Seat> {
    const seat = new Seat();
    seat.member = await log.join({
      group: early ? 'early' : 'late',
      topics: ['in'],
      early,
      onAssigned: (partitions) => {
        seat.events.push(`assigned ${partitions.join()}`);
        setImmediate(() => {
          for (const partition of partitions) seat.member.seek('in', partition, seat.#places.get(partition) ?? 0);
        });
      },
      onRevoked: (partitions) => seat.events.push(`revoked ${partitions.join()}`),
      onBatch: (batch) => {
        for (const { value } of batch.records) seat.values.push(`${batch.partition} ${String(value)}`);
        onBatch(batch);
      },
      onError: (error) => seat.events.push(error.message),
    });
    await until(() => seat.events.length > 0);
    await settled();
    return seat;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end && !holds();)
    await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
}

const append = (value: string, partition = 0) => log.append('in', [{ key: null, value, partition }]);

it('share one commit with what they answer', async () => {
  const transactor = await log.transactor('t');
  const answered: Promise<void>[] = [];
  await Seat.of(true, ({ records }) => {
    // As a task does: what was handed over is looked at in the next turn.
    setImmediate(() => {
      const answers = records.map(({ value }) => ({ key: null, value: `re ${String(value)}`, partition: 0 }));
      answered.push(transactor.transact({ appends: [{ topic: 'out', records: answers }] }));
    });
  });
  const before = commits;
  await append('a');
  await Promise.all(answered);
  expect(answered).toHaveLength(1);
  expect(commits - before).toBe(1);
  expect(await log.ends('out')).toEqual([1, 0]);
});

it('get everything once, in order, whatever was handed over early', async () => {
  const early = await Seat.of(true);
  const late = await Seat.of(false);
  const written: string[] = [];
  for (let round = 0; round < 60; round++) {
    const values = Array.from({ length: round % 5 }, (_, index) => `${round}.${index}`);
    const appends = values.map((value) => append(value, round % 2));
    written.push(...values.map((value) => `${round % 2} ${value}`));
    if (round % 3 === 0) await Promise.all(appends);
    if (round % 7 === 0) early.member.pause('in', 1);
    if (round % 7 === 3) early.member.resume('in', 1);
  }
  early.member.resume('in', 1);
  for (const seat of [early, late]) {
    await until(() => seat.values.length >= written.length);
    for (const partition of ['0 ', '1 ']) {
      const of = (values: readonly string[]) => values.filter((value) => value.startsWith(partition));
      expect(of(seat.values)).toEqual(of(written));
    }
  }
});

it('see it before it is on disk, and others do not', async () => {
  const early = await Seat.of(true);
  const late = await Seat.of(false);
  fault = FAULT;
  await expect(append('lost')).rejects.toThrow('injected');
  await settled();
  expect(early.values).toEqual(['0 lost']);
  expect(late.values).toEqual([]);
  expect(late.events).toEqual(['assigned 0,1']);
});

it('begin again when it is lost, and are handed nothing early until the log takes records again', async () => {
  const early = await Seat.of(true);
  fault = FAULT;
  await expect(append('lost')).rejects.toThrow('injected');
  await until(() => early.events.length === 3);
  expect(early.events).toEqual(['assigned 0,1', 'revoked 0,1', 'assigned 0,1']);
  await settled();
  await expect(append('lost too')).rejects.toThrow('injected');
  await settled();
  expect(early.events).toHaveLength(3);
  fault = undefined;
  const [place] = await append('kept');
  expect(place?.offset).toBe(0);
  await append('and more');
  await until(() => early.values.length === 3);
  expect(early.values).toEqual(['0 lost', '0 kept', '0 and more']);
});

it('begin again when they wake, if they slept while it was lost', async () => {
  const early = await Seat.of(true, ({ records }) => {
    if (String(records[0]?.value) === 'lost') log.groupFaults.suspend(early.member);
  });
  fault = FAULT;
  await expect(append('lost')).rejects.toThrow('injected');
  await settled();
  expect(early.events).toEqual(['assigned 0,1']);
  fault = undefined;
  await append('kept');
  log.groupFaults.wake(early.member);
  await until(() => early.values.length === 2);
  expect(early.events).toEqual(['assigned 0,1', 'revoked 0,1', 'assigned 0,1']);
  expect(early.values).toEqual(['0 lost', '0 kept']);
});

it('are not handed what comes after something that they have not read', async () => {
  await append('old', 1);
  const early = await Seat.of(true);
  await until(() => early.values.length === 1);
  early.member.pause('in', 1);
  await append('missed', 1);
  early.member.resume('in', 1);
  await append('new', 1);
  await until(() => early.values.length === 3);
  expect(early.values).toEqual(['1 old', '1 missed', '1 new']);
});
