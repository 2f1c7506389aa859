// The contract of transactions and of committed positions: all or nothing, and nothing from whoever was fenced.
import { FencedError, TransactionError } from '../errors.js';
import { freshName, freshTopic, numbered, type Setting, until, valuesOf } from './setting.js';

const atomicity = (setting: Setting): void => {
  it('writes outputs of several topics and positions together', async () => {
    const log = setting.log();
    const [a, b] = [
      await freshTopic(log, 'out-a', { partitions: 2 }),
      await freshTopic(log, 'out-b', { cleanup: 'compact' }),
    ];
    const input = await freshTopic(log, 'in');
    await log.append(input, numbered(4));
    const group = freshName('group');
    const transactor = await log.transactor(freshName('t'));
    await transactor.transact({
      appends: [
        { topic: a, records: numbered(4) },
        { topic: b, records: [{ key: '!progress', value: 'p', partition: 0, headers: { h: '1' } }] },
      ],
      offsets: { group, positions: [{ topic: input, partition: 0, offset: 4, metadata: 'm' }] },
    });
    await until(
      () => log.committed(group, input),
      (committed) => committed.get(0)?.offset === 4,
    );
    expect((await valuesOf(log, a)).sort()).toEqual(['v0', 'v1', 'v2', 'v3']);
    expect(await valuesOf(log, b)).toEqual(['p']);
    await transactor.transact({ appends: [{ topic: b, records: [{ key: 'k', value: 'q' }] }] });
    expect(await valuesOf(log, b)).toEqual(['p', 'q']);
    await transactor.close();
  });

  it('writes nothing of a transaction that fails, and is unusable afterwards', async () => {
    const log = setting.log();
    const [a, b] = [await freshTopic(log, 'half-a'), await freshTopic(log, 'half-b')];
    const group = freshName('group');
    const id = freshName('t');
    const transactor = await log.transactor(id);
    const value = 'x'.repeat(setting.capabilities.tooLargeBytes ?? 3_000_000);
    const failing = transactor.transact({
      appends: [
        { topic: a, records: numbered(3) },
        { topic: b, records: [{ key: 'k', value }] },
      ],
      offsets: { group, positions: [{ topic: a, partition: 0, offset: 3 }] },
    });
    await expect(failing).rejects.toBeInstanceOf(Error);
    await expect(transactor.transact({ appends: [{ topic: a, records: numbered(1) }] })).rejects.toBeInstanceOf(
      TransactionError,
    );
    await transactor.close();
    const heir = await log.transactor(id);
    expect(await valuesOf(log, a)).toEqual([]);
    expect((await log.committed(group, a)).size).toBe(0);
    await heir.transact({ appends: [{ topic: a, records: numbered(1, 'heir') }] });
    expect(await valuesOf(log, a)).toEqual(['heir0']);
    await heir.close();
  });

  it('keeps transactions of different ids apart, and in order with appends', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'many', { partitions: 4 });
    const ids = [0, 1, 2, 3];
    await Promise.all(
      ids.map(async (partition) => {
        const transactor = await log.transactor(freshName('t'));
        for (let i = 0; i < 5; i++) {
          const records = [0, 1].map((half) => ({ key: null, value: `${partition}.${i}.${half}`, partition }));
          await transactor.transact({ appends: [{ topic, records }] });
        }
        await transactor.close();
      }),
    );
    const expected = ids.flatMap((p) => [0, 1, 2, 3, 4].flatMap((i) => [`${p}.${i}.0`, `${p}.${i}.1`]));
    expect(await valuesOf(log, topic)).toEqual(expected);
  });
};

const fencing = (setting: Setting): void => {
  it('fences older transactors of the same id', async () => {
    const { log, second } = setting.under();
    const topic = await freshTopic(log, 'fenced');
    const id = freshName('t');
    const older = await log.transactor(id);
    await older.transact({ appends: [{ topic, records: numbered(1, 'older') }] });
    const newer = await (second ?? log).transactor(id);
    await expect(older.transact({ appends: [{ topic, records: numbered(1, 'zombie') }] })).rejects.toBeInstanceOf(
      FencedError,
    );
    await expect(older.transact({ appends: [{ topic, records: numbered(1, 'again') }] })).rejects.toBeInstanceOf(Error);
    await newer.transact({ appends: [{ topic, records: numbered(1, 'newer') }] });
    expect(await valuesOf(log, topic)).toEqual(['older0', 'newer0']);
    await older.close();
    await newer.transact({ appends: [{ topic, records: numbered(1, 'still') }] });
    expect(await valuesOf(log, topic)).toEqual(['older0', 'newer0', 'still0']);
    await newer.close();
  });

  it('commits nothing of theirs after a newer one is there', async () => {
    const { log, second } = setting.under();
    const topic = await freshTopic(log, 'race');
    for (let round = 0; round < 5; round++) {
      const id = freshName('t');
      const older = await log.transactor(id);
      const racing = older.transact({ appends: [{ topic, records: numbered(50, `r${round}.`) }] }).then(
        () => 'committed' as const,
        () => 'unknown' as const,
      );
      const newer = await (second ?? log).transactor(id);
      const seen = (await valuesOf(log, topic)).filter((value) => value?.startsWith(`r${round}.`) === true).length;
      const outcome = await racing;
      const finally_ = (await valuesOf(log, topic)).filter((value) => value?.startsWith(`r${round}.`) === true).length;
      expect(finally_).toBe(seen);
      expect([0, 50]).toContain(seen);
      if (outcome === 'committed') expect(seen).toBe(50);
      await Promise.all([older.close(), newer.close()]);
    }
  });
};

const positions = (setting: Setting): void => {
  it('remembers what a group committed, with its metadata', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'committed', { partitions: 3 });
    await log.append(topic, numbered(30));
    const group = freshName('group');
    expect((await log.committed(group, topic)).size).toBe(0);
    await log.commit(group, [
      { topic, partition: 0, offset: 2, metadata: '{"memberships":[1,2]}' },
      { topic, partition: 2, offset: 1 },
    ]);
    await log.commit(group, [{ topic, partition: 2, offset: 3 }]);
    const committed = await log.committed(group, topic);
    expect(committed.get(0)).toMatchObject({ topic, partition: 0, offset: 2, metadata: '{"memberships":[1,2]}' });
    expect(committed.get(2)?.offset).toBe(3);
    expect(committed.get(2)?.metadata ?? '').toBe('');
    expect(committed.has(1)).toBe(false);
    expect((await log.committed(freshName('other'), topic)).size).toBe(0);
  });
};

export const describeTransactions = (setting: Setting): void => {
  describe('transactions', () => {
    atomicity(setting);
    fencing(setting);
  });
  describe('committed positions', () => positions(setting));
};
