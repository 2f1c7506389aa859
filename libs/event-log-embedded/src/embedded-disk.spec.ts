// Disks that are full, limited or read-only: a clear error, the log intact, and writing again as soon as there is room.
// Where root may mount, on a real small tmpfs; the limit on file sizes works for everybody.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogUnavailableError } from '#libs/event-log';
import { runProgram, type ProgramProcess } from '#libs/testing';
import { EmbeddedEventLog } from './embedded-event-log.js';

const TOPIC = { name: 't', partitions: 1, cleanup: 'delete', timestamps: 'append' } as const;
const run = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

const mountable = ((): boolean => {
  const probe = mkdtempSync(join(tmpdir(), 'rollcall-mount-'));
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe);
  if (mounted) run('umount', probe);
  rmSync(probe, { recursive: true });
  return mounted;
})();

let place: string;
const writers: ProgramProcess[] = [];

const startWriter = (directory: string, command: readonly string[] = []): ProgramProcess => {
  const writer = runProgram('libs/event-log-embedded/src/full-disk.process.ts', [directory], { command });
  writers.push(writer);
  return writer;
};

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'rollcall-disk-'));
});
afterEach(async () => {
  for (const writer of writers.splice(0)) {
    writer.child.kill('SIGKILL');
    await writer.ended;
  }
  // Lazily: LMDB keeps its map of a read-only disk until the process ends.
  run('umount', '-l', place);
  rmSync(place, { recursive: true, force: true });
});

const valuesIn = async (log: EmbeddedEventLog): Promise<number[]> => {
  const lengths: number[] = [];
  for await (const batch of log.read('t', 0, 0, (await log.ends('t'))[0] ?? 0)) {
    lengths.push(...batch.records.map((record) => record.value?.length ?? -1));
  }
  return lengths;
};

/** Lets a process write until it is refused; returns how many appends it was promised, all refusals being checked. */
const fillUp = async (writer: ProgramProcess): Promise<number> => {
  let acknowledged = 0;
  let line = await writer.line();
  for (; /^\d+$/.test(line); line = await writer.line()) expect(Number(line)).toBe(acknowledged++);
  expect(acknowledged).toBeGreaterThan(50);
  expect(line).toMatch(/^LogUnavailableError: Cannot write to the log in .*free\)$/);
  expect(await writer.line()).toMatch(/^TransactionError: The transaction failed: Cannot write to the log in /);
  for (let i = 0; i < 3; i++) expect(await writer.line()).toMatch(/^LogUnavailableError: /);
  // LMDB itself must never meet the full disk: its library may bring the process down then (spare-room.ts).
  expect(writer.errors()).not.toMatch(/Write error|Input\/output error|Attempting to write/);
  return acknowledged;
};

(mountable ? describe : describe.skip)('a full disk', () => {
  it('refuses with a clear error, keeps what it acknowledged, and goes on when there is room', async () => {
    run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', place);
    const ballast = join(place, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2 << 20));
    const directory = join(place, 'log');
    const writer = startWriter(directory);
    const acknowledged = await fillUp(writer);
    expect(writer.output()).toContain('the disk is full');
    const reader = await EmbeddedEventLog.open({ directory, readOnly: true });
    expect(await valuesIn(reader)).toEqual(Array<number>(acknowledged).fill(20_000));
    await reader.close();
    rmSync(ballast);
    writer.child.stdin?.end('\n');
    expect(await writer.line()).toBe(`again ${acknowledged}`);
    expect((await writer.ended).code).toBe(0);
    const log = await EmbeddedEventLog.open({ directory });
    expect(await valuesIn(log)).toEqual([...Array<number>(acknowledged).fill(20_000), 4]);
    await log.close();
  }, 60_000);

  it('is freed from inside by retention, without any room outside', async () => {
    run('mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', place);
    const directory = join(place, 'log');
    let nowMs = 1_700_000_000_000;
    const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0, now: () => nowMs });
    await log.createTopics([{ ...TOPIC, retentionMs: 60_000 }]);
    const records = [{ key: 'k', value: 'z'.repeat(20_000) }];
    const fill = async (): Promise<number> => {
      for (let count = 0; count < 5000; count++) {
        const outcome = await log.append('t', records).catch((error: unknown) => error);
        if (outcome instanceof LogUnavailableError) return count;
      }
      throw new Error('Never full');
    };
    expect(await fill()).toBeGreaterThan(300);
    nowMs += 100_000;
    await log.housekeep();
    const [start, end] = [(await log.starts('t'))[0], (await log.ends('t'))[0]];
    expect(start).toBe(end);
    expect(await fill()).toBeGreaterThan(50);
    await log.close();
  }, 60_000);

  it('that is read-only refuses to be opened for writing, and can be read', async () => {
    run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', place);
    const directory = join(place, 'log');
    const log = await EmbeddedEventLog.open({ directory });
    await log.createTopics([TOPIC]);
    await log.append('t', [{ key: 'k', value: 'kept' }]);
    await log.close();
    expect(run('mount', '-o', 'remount,ro', place)).toBe(true);
    const refusal = EmbeddedEventLog.open({ directory });
    await expect(refusal).rejects.toBeInstanceOf(LogUnavailableError);
    await expect(refusal).rejects.toThrow(directory);
    await expect(EmbeddedEventLog.open({ directory: join(place, 'new') })).rejects.toBeInstanceOf(LogUnavailableError);
    const reader = await EmbeddedEventLog.open({ directory, readOnly: true });
    expect(await valuesIn(reader)).toEqual([4]);
    await reader.close();
  });
});

describe('a limit on file sizes', () => {
  it('is refused like a full disk, by a log that then is intact', async () => {
    const directory = join(place, 'log');
    mkdirSync(directory);
    const writer = startWriter(directory, ['sh', '-c', 'ulimit -f 8000; exec "$@"', 'sh']);
    const acknowledged = await fillUp(writer);
    writer.child.stdin?.end('\n');
    expect(await writer.line()).toMatch(/^(LogUnavailableError: |again \d+$)/);
    expect((await writer.ended).code).toBe(0);
    const log = await EmbeddedEventLog.open({ directory });
    const lengths = await valuesIn(log);
    expect(lengths.slice(0, acknowledged)).toEqual(Array<number>(acknowledged).fill(20_000));
    expect(lengths.length - acknowledged).toBeLessThanOrEqual(1);
    expect((await log.append('t', [{ key: 'k', value: 'more' }]))[0]?.offset).toBe(lengths.length);
    await log.close();
  }, 60_000);
});
