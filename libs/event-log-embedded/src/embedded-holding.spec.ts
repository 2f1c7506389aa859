// One writer, any number of readers: a second writer is refused by name, a dead one is no hindrance, and no race lets two in.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogHeldError, LogUnavailableError } from '#libs/event-log';
import { runProgram, type ProgramProcess } from '#libs/testing';
import { EmbeddedEventLog } from './embedded-event-log.js';
import { Environment } from './environment.js';
import { HOLDER_KEY } from './layout.js';
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.js';

const TOPIC = { name: 't', partitions: 1, cleanup: 'delete', timestamps: 'append' } as const;

let directory: string;
const children: ProgramProcess[] = [];

const start = (mode: 'write' | 'read'): ProgramProcess => {
  const child = runProgram('libs/event-log-embedded/src/holder.process.ts', [directory, mode]);
  children.push(child);
  return child;
};

const kill = async (child: ProgramProcess): Promise<void> => {
  child.child.kill('SIGKILL');
  await child.ended;
};

/** Changes the holder's record behind the log's back, as a reused pid or another container would look. */
const forge = async (change: (holder: ProcessIdentity) => ProcessIdentity): Promise<void> => {
  const environment = Environment.open({ directory, readOnly: false, durable: true });
  const holder = environment.getJson<ProcessIdentity>(HOLDER_KEY) ?? ownIdentity();
  await environment.write((writes) => writes.put(HOLDER_KEY, Buffer.from(JSON.stringify(change(holder)))));
  await environment.close();
};

const opensAndWrites = async (): Promise<void> => {
  const log = await EmbeddedEventLog.open({ directory });
  await log.createTopics([TOPIC]);
  await log.append('t', [{ key: 'k', value: 'v' }]);
  await log.close();
};

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'rollcall-holding-'))));
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(directory, { recursive: true, force: true });
});

describe('a second writer', () => {
  it('in another process is refused, naming directory and process, until the first is dead', async () => {
    const holder = start('write');
    expect(await holder.line()).toBe('held');
    const refusal = EmbeddedEventLog.open({ directory });
    await expect(refusal).rejects.toBeInstanceOf(LogHeldError);
    await expect(refusal).rejects.toThrow(directory);
    await expect(refusal).rejects.toThrow(`process ${holder.child.pid}`);
    // Stopped is not dead, and must not stop us either.
    holder.child.kill('SIGSTOP');
    await expect(EmbeddedEventLog.open({ directory })).rejects.toBeInstanceOf(LogHeldError);
    await kill(holder);
    await opensAndWrites();
  }, 30_000);

  it('in the same process is refused, until the first has closed', async () => {
    const log = await EmbeddedEventLog.open({ directory });
    await expect(EmbeddedEventLog.open({ directory })).rejects.toThrow(`process ${process.pid}`);
    await log.createTopics([TOPIC]);
    await log.close();
    await opensAndWrites();
  });

  it('is let in after a clean close elsewhere', async () => {
    const holder = start('write');
    expect(await holder.line()).toBe('held');
    holder.child.stdin?.end();
    expect(await holder.line()).toBe('closed');
    await opensAndWrites();
  }, 30_000);

  it('is one of several that start at once on what a dead writer left', async () => {
    await forge(() => ({ ...ownIdentity(), startedTicks: '1' }));
    const starters = [1, 2, 3, 4].map(() => start('write'));
    const answers = await Promise.all(starters.map((starter) => starter.line()));
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
    const winner = starters[answers.indexOf('held')];
    for (const answer of answers)
      if (answer !== 'held') expect(answer).toMatch(new RegExp(`^LogHeldError: .*process ${winner?.child.pid}`));
  }, 30_000);
});

describe('the holder', () => {
  it('is not mistaken for a process that got its number later', async () => {
    await forge(() => ({ ...ownIdentity(), startedTicks: '1' }));
    await opensAndWrites();
    await forge(() => ({ ...ownIdentity(), pid: 1, startedTicks: '987654321' }));
    await opensAndWrites();
    await forge(() => ({ ...ownIdentity(), boot: 'an-earlier-boot' }));
    await opensAndWrites();
  });

  it('is recognised in another pid namespace by the lock that LMDB keeps for it', async () => {
    const holder = start('write');
    expect(await holder.line()).toBe('held');
    await forge((record) => ({ ...record, namespace: 'pid:[1]' }));
    await expect(EmbeddedEventLog.open({ directory })).rejects.toBeInstanceOf(LogHeldError);
    await kill(holder);
    await opensAndWrites();
  }, 30_000);

  it('is alive, dead or unknown by its identity', () => {
    const own = ownIdentity();
    expect(livenessOf(own)).toBe('alive');
    expect(livenessOf({ ...own, startedTicks: '1' })).toBe('dead');
    expect(livenessOf({ ...own, namespace: 'pid:[1]' })).toBe('unknown');
    expect(livenessOf({ pid: 2 ** 22 + 5, host: own.host })).toBe('dead');
    expect(livenessOf({ pid: process.pid, host: own.host })).toBe('unknown');
  });
});

describe('readers', () => {
  it('in another process see what is committed, and follow', async () => {
    const log = await EmbeddedEventLog.open({ directory });
    await log.createTopics([TOPIC]);
    await log.append('t', [{ key: 'k', value: 'before' }]);
    const reader = start('read');
    expect(await reader.line()).toBe('held');
    expect(await reader.line()).toBe('before');
    for (const value of ['one', 'two', 'three']) {
      await log.append('t', [{ key: 'k', value }]);
      expect(await reader.line()).toBe(value);
    }
    await log.append(
      't',
      Array.from({ length: 20_000 }, (_, i) => ({ key: `${i}`, value: 'y'.repeat(500) })),
    );
    for (let i = 0; i < 20_000; i++) await reader.line();
    await kill(reader);
    await log.append('t', [{ key: 'k', value: 'after' }]);
    expect(await log.ends('t')).toEqual([20_005]);
    await log.close();
  }, 60_000);

  it('in the same process read and tail, and are refused all writing', async () => {
    const log = await EmbeddedEventLog.open({ directory });
    const reader = await EmbeddedEventLog.open({ directory, readOnly: true, pollMs: 2 });
    await log.createTopics([TOPIC]);
    await log.append('t', [{ key: 'k', value: '1' }]);
    const seen: string[] = [];
    const tail = await reader.tail({
      topics: new Map([['t', 'start']]),
      onBatch: (batch) => void seen.push(...batch.records.map((record) => Buffer.from(record.value ?? []).toString())),
      onError: (error) => void seen.push(error.message),
    });
    await log.append('t', [{ key: 'k', value: '2' }]);
    expect(await reader.ends('t')).toEqual([2]);
    expect(await reader.listTopics()).toEqual(['t']);
    while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(seen).toEqual(['1', '2']);
    await expect(reader.append('t', [{ key: 'k', value: 'no' }])).rejects.toBeInstanceOf(LogUnavailableError);
    await expect(reader.createTopics([TOPIC])).rejects.toThrow('read-only');
    await tail.close();
    await reader.close();
    await log.append('t', [{ key: 'k', value: '3' }]);
    await log.close();
    await expect(log.append('t', [{ key: 'k', value: '4' }])).rejects.toBeInstanceOf(LogUnavailableError);
  });

  it('of nothing are told that there is nothing', async () => {
    await expect(EmbeddedEventLog.open({ directory: join(directory, 'none'), readOnly: true })).rejects.toThrow(
      'There is no log',
    );
  });
});
