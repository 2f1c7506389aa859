// Room on the disk: taken before it is needed, never over what is there, counted also when the disk ends in the middle.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileUse, SpareRoom } from './spare-room.js';

const PUT = { puts: 1, removes: 0, valueBytes: 100_000 };
const REMOVE = { puts: 1, removes: 8, valueBytes: 0 };
const content = Buffer.from('what LMDB wrote');

let directory: string;
const opened: SpareRoom[] = [];
let path: string;
const use: { -readonly [K in keyof FileUse]: FileUse[K] } = { pageBytes: 4096, usedBytes: 0, freeInsideBytes: 0 };
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rollcall-room-'));
  path = join(directory, 'data.mdb');
  writeFileSync(path, content);
  Object.assign(use, { usedBytes: content.length, freeInsideBytes: 0 });
});
afterEach(async () => {
  for (const room of opened.splice(0)) await room.close();
  rmSync(directory, { recursive: true });
});

const size = (): number => statSync(path).size;

describe('spare room', () => {
  it('is there before a transaction, and is looked up again only when it may be used up', async () => {
    let looks = 0;
    const room = new SpareRoom(path, () => (looks++, use));
    await room.take(PUT);
    expect(size()).toBeGreaterThan(content.length + PUT.valueBytes + 512 * 1024);
    const before = size();
    for (let i = 0; i < 100 && looks === 1; i++) await room.take(REMOVE);
    expect(looks).toBe(2);
    // Nothing was used after all: there is no reason to take more.
    expect(size()).toBe(before);
    await room.close();
  });

  it('is appended behind whatever was written meanwhile, and never over it', async () => {
    const room = new SpareRoom(path, () => use);
    await room.take(PUT);
    appendFileSync(path, 'more of LMDB');
    use.usedBytes = size();
    await room.take({ ...PUT, valueBytes: 2_000_000 });
    const bytes = readFileSync(path);
    expect(bytes.subarray(0, content.length)).toEqual(content);
    expect(bytes.subarray(use.usedBytes - 12, use.usedBytes).toString()).toBe('more of LMDB');
    expect(size() - use.usedBytes).toBeGreaterThan(2_000_000);
    await room.close();
  });

  it('that the disk does not give is an error, and what is left is for what removes', async () => {
    // The file ends with some room, on a disk that gives no more: a limit that the file has reached.
    const give = (spareBytes: number) => {
      const full = new SpareRoom(path, () => ({ ...use, usedBytes: size() - spareBytes }));
      jest
        .spyOn(full as unknown as { append: () => Promise<void> }, 'append')
        .mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }));
      opened.push(full);
      return full;
    };
    writeFileSync(path, Buffer.alloc(4 << 20));
    await expect(give(900_000).take(PUT)).rejects.toMatchObject({ code: 'ENOSPC' });
    await give(900_000).take(REMOVE);
    use.freeInsideBytes = 4 << 20;
    await give(900_000).take(PUT);
    // Much free inside never stands in for the room itself.
    await expect(give(500_000).take(PUT)).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(give(100_000).take(REMOVE)).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('on a device that is always full is refused by the system itself', async () => {
    rmSync(path);
    symlinkSync('/dev/full', path);
    use.usedBytes = 0;
    const room = new SpareRoom(path, () => use);
    await expect(room.take(PUT)).rejects.toMatchObject({ code: 'ENOSPC' });
    await room.close();
  });
});
