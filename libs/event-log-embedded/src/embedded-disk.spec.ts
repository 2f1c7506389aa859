// Disks that are full, limited or read-only: a clear error, the log intact, and writing again as soon as there is room.
// Where root may mount, on a real small tmpfs; the limit on file sizes works for everybody.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogUnavailableError, TransactionError } from '#libs/event-log';
import { runSource } from '#libs/testing';
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
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'rollcall-disk-'));
  // LMDB prints the system's error besides; the tests look at what the log says.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  // Lazily: LMDB keeps its map of a read-only disk until the process ends.
  run('umount', '-l', place);
  rmSync(place, { recursive: true, force: true });
  jest.restoreAllMocks();
});

const valuesIn = async (log: EmbeddedEventLog): Promise<number[]> => {
  const lengths: number[] = [];
  for await (const batch of log.read('t', 0, 0, (await log.ends('t'))[0] ?? 0)) {
    lengths.push(...batch.records.map((record) => record.value?.length ?? -1));
  }
  return lengths;
};

(mountable ? describe : describe.skip)('a full disk', () => {
  it('refuses with a clear error, keeps what it acknowledged, and goes on when there is room', async () => {
    run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', place);
    const ballast = join(place, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2 << 20));
    const directory = join(place, 'log');
    const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
    await log.createTopics([TOPIC]);
    const transactor = await log.transactor('t');
    const value = 'z'.repeat(20_000);
    let acknowledged = 0;
    const fill = async (): Promise<void> => {
      for (; acknowledged < 5000; acknowledged++) await log.append('t', [{ key: 'k', value }]);
    };
    const refusal = await fill().catch((error: unknown) => error as Error);
    expect(refusal).toBeInstanceOf(LogUnavailableError);
    expect((refusal as Error).message).toMatch(/Cannot write to the log in .*the disk is full/);
    expect(acknowledged).toBeGreaterThan(50);
    await expect(
      transactor.transact({ appends: [{ topic: 't', records: [{ key: 'k', value: 'z'.repeat(900_000) }] }] }),
    ).rejects.toBeInstanceOf(TransactionError);
    await expect(
      Promise.all([1, 2, 3].map(() => log.append('t', [{ key: 'k', value: 'z'.repeat(900_000) }]))),
    ).rejects.toBeInstanceOf(LogUnavailableError);
    expect(await valuesIn(log)).toEqual(Array<number>(acknowledged).fill(20_000));
    rmSync(ballast);
    expect((await log.append('t', [{ key: 'k', value: 'room' }]))[0]?.offset).toBe(acknowledged);
    await log.close();
    const again = await EmbeddedEventLog.open({ directory });
    expect(await valuesIn(again)).toEqual([...Array<number>(acknowledged).fill(20_000), 4]);
    await again.close();
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
    const writer = runSource('libs/event-log-embedded/src/full-disk.process.ts', [directory], {
      command: ['sh', '-c', 'ulimit -f 8000; exec "$@"', 'sh'],
    });
    let acknowledged = 0;
    let line = await writer.line();
    for (; /^\d+$/.test(line); line = await writer.line()) expect(Number(line)).toBe(acknowledged++);
    expect(line).toMatch(/^LogUnavailableError: Cannot write to the log in /);
    expect(acknowledged).toBeGreaterThan(50);
    writer.child.stdin?.end('\n');
    expect(await writer.line()).toMatch(/^again (LogUnavailableError|\d+)$/);
    expect((await writer.ended).code).toBe(0);
    const log = await EmbeddedEventLog.open({ directory });
    const lengths = await valuesIn(log);
    expect(lengths.slice(0, acknowledged)).toEqual(Array<number>(acknowledged).fill(20_000));
    expect(lengths.length - acknowledged).toBeLessThanOrEqual(1);
    expect((await log.append('t', [{ key: 'k', value: 'more' }]))[0]?.offset).toBe(lengths.length);
    await log.close();
  }, 60_000);
});
