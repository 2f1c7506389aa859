// Zombies and faults on command: what simulations do to members of a group, and to a whole log, has the effect it says.
import { FencedError, LogUnavailableError, TransactionError } from './errors.js';
import { FaultyEventLog } from './faulty-event-log.js';
import { nextTurn } from './local-store.js';
import { MemoryEventLog } from './memory-event-log.js';
import type { EventLog, GroupMember } from './port.js';

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await nextTurn();
};

const seat = async (log: EventLog) => {
  const told: string[] = [];
  const values: string[] = [];
  const member: GroupMember = await log.join({
    group: 'g',
    topics: ['t'],
    onAssigned: (partitions) => {
      told.push(`+${partitions.join()}`);
      for (const p of partitions) member.seek('t', p, 0);
    },
    onRevoked: (partitions) => void told.push(`-${partitions.join()}`),
    onBatch: (batch) => void values.push(...batch.records.map((record) => Buffer.from(record.value ?? []).toString())),
    onError: (error) => void told.push(error.message),
  });
  await turns();
  return { member, told, values };
};

const logWithTopic = async (now = () => 1000): Promise<MemoryEventLog> => {
  const log = new MemoryEventLog({ now });
  await log.createTopics([{ name: 't', partitions: 2, cleanup: 'delete', timestamps: 'append' }]);
  return log;
};

const put = (log: EventLog, value: string) =>
  log.append(
    't',
    [0, 1].map((partition) => ({ key: null, value, partition })),
  );

describe('a member', () => {
  it('that is suspended neither receives nor beats, and goes on when it wakes', async () => {
    let nowMs = 1000;
    const log = await logWithTopic(() => nowMs);
    const { member, values, told } = await seat(log);
    log.groupFaults.suspend(member);
    nowMs = 9000;
    await put(log, 'a');
    await turns();
    expect(values).toEqual([]);
    expect(member.lastHeartbeatMs()).toBe(1000);
    log.groupFaults.wake(member);
    await turns();
    expect(values).toEqual(['a', 'a']);
    expect(member.lastHeartbeatMs()).toBe(9000);
    expect(told).toEqual(['+0,1']);
  });

  it('that expired is a zombie: others own what it believes to own, until it wakes', async () => {
    const log = await logWithTopic();
    const zombie = await seat(log);
    const owned = await log.transactor('id');
    log.groupFaults.expire(zombie.member);
    const heir = await seat(log);
    expect(heir.told).toEqual(['+0,1']);
    expect([...zombie.member.assigned]).toEqual([0, 1]);
    const heirs = await log.transactor('id');
    await expect(owned.transact({ appends: [] })).rejects.toBeInstanceOf(FencedError);
    await heirs.transact({ appends: [{ topic: 't', records: [{ key: null, value: 'x', partition: 0 }] }] });
    await turns();
    expect([zombie.values, heir.values]).toEqual([[], ['x']]);
    log.groupFaults.wake(zombie.member);
    await turns();
    expect(zombie.told.slice(0, 2)).toEqual(['+0,1', '-0,1']);
    expect([...zombie.member.assigned, ...heir.member.assigned].sort()).toEqual([0, 1]);
    await zombie.member.rejoin();
    await turns();
    expect([...zombie.member.assigned, ...heir.member.assigned].sort()).toEqual([0, 1]);
  });

  it('gets again what is redelivered', async () => {
    const log = await logWithTopic();
    const { member, values } = await seat(log);
    await put(log, 'a');
    await turns();
    log.groupFaults.redeliver(member, 't', 0, 0);
    await turns();
    expect(values).toEqual(['a', 'a', 'a']);
  });

  it('that throws when told of its partitions is told so, and the group goes on', async () => {
    const log = await logWithTopic();
    const errors: string[] = [];
    await log.join({
      group: 'g',
      topics: ['t'],
      onAssigned: () => {
        throw new Error('no room');
      },
      onRevoked: () => undefined,
      onBatch: () => undefined,
      onError: (error) => void errors.push(error.message),
    });
    await turns();
    const other = await seat(log);
    expect(errors).toEqual(['no room']);
    expect(other.member.assigned.size).toBe(1);
  });
});

describe('a faulty log', () => {
  const transaction = { appends: [{ topic: 't', records: [{ key: null, value: 'v', partition: 0 }] }] };

  it('loses transactions, or the answers to them, and makes the transactor unusable', async () => {
    const log = new FaultyEventLog(await logWithTopic());
    for (const [fate, end] of [
      ['lost', 0],
      ['unseen', 1],
      ['commit', 2],
    ] as const) {
      log.faults.fate = () => fate;
      const transactor = await log.transactor('id');
      const outcome = await transactor.transact(transaction).catch((error: unknown) => error);
      expect(outcome instanceof TransactionError).toBe(fate !== 'commit');
      expect((await log.ends('t'))[0]).toBe(end);
      if (fate !== 'commit') await expect(transactor.transact(transaction)).rejects.toThrow('unusable');
    }
  });

  it('is slow, out of reach and repetitive on command', async () => {
    const log = new FaultyEventLog(await logWithTopic());
    let free: () => void = () => undefined;
    log.faults.beforeWrite = () => new Promise((resolve) => (free = resolve));
    const slow = put(log, 'slow');
    await turns();
    expect(await log.ends('t')).toEqual([0, 0]);
    free();
    await slow;
    log.faults.beforeWrite = undefined;
    log.faults.unreachable = true;
    await expect(put(log, 'no')).rejects.toBeInstanceOf(LogUnavailableError);
    await expect(log.ends('t')).rejects.toBeInstanceOf(LogUnavailableError);
    log.faults.unreachable = false;
    log.faults.appendFate = () => 'unseen';
    await expect(put(log, 'unseen')).rejects.toBeInstanceOf(LogUnavailableError);
    log.faults.twice = (batch) => batch.partition === 1;
    const { values } = await seat(log);
    await turns();
    expect(values.filter((value) => value === 'slow')).toHaveLength(3);
    expect(values.filter((value) => value === 'unseen')).toHaveLength(3);
  });
});
