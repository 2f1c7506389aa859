// Rejected records fit where a record of 1 MB does, however long key and value were.
import { sizeOfRecord } from '#libs/event-log';
import { BatchOutbox, rejectionOf } from './outbox.js';

const MEGABYTES = 2 * 1024 * 1024;
const record = (key: Uint8Array | null, value: Uint8Array | null) => ({ offset: 7, timestampMs: 0, key, value });

it('keep key and bytes as they were', () => {
  const [key, value] = [Buffer.from('k'), Buffer.from([0xff, 0x00])];
  const headers = { topic: 't', partition: '3', offset: '7', reason: 'why' };
  const place = { topic: 't', partition: 3, reason: 'why' };
  expect(rejectionOf({ ...place, record: record(key, value) })).toEqual({ key, value, headers });
  expect(rejectionOf({ ...place, record: record(null, null) })).toEqual({ key: null, value: null, headers });
});

it('are cut when they are too long, and say so', () => {
  const long = Buffer.alloc(MEGABYTES, 'x');
  const cut = rejectionOf({ topic: 't', partition: 3, reason: 'r'.repeat(500), record: record(long, long) });
  expect(sizeOfRecord(cut)).toBeLessThan(1_000_000);
  expect(cut.headers).toMatchObject({ cut_from_bytes: String(MEGABYTES), key_cut_from_bytes: String(MEGABYTES) });
  expect(long.subarray(0, cut.value?.length).equals(cut.value as Buffer)).toBe(true);
});

it('count as much as they take, so that a batch of them is closed in time', () => {
  const outbox = new BatchOutbox(0);
  const place = { topic: 't', partition: 0, reason: 'why' };
  outbox.reject('rejected', { ...place, record: record(Buffer.alloc(MEGABYTES), Buffer.from('v')) });
  expect(outbox.bytes).toBeGreaterThan(30_000);
  expect(outbox.bytes).toBeLessThan(100_000);
  outbox.write('states', 'a', 'v', { life: '1' });
  expect(outbox.seal('states', { key: '!progress', value: '{}' }).at(-1)?.records[0]).toMatchObject({
    headers: { life: '1' },
  });
});
