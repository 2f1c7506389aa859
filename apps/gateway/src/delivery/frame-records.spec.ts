// Frames as records of a partition: what is no frame is told apart, however long it is, and stops nobody.
import { encodeFrame } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { Interner } from '#libs/interest';
import { FrameReader } from './frame-records.js';

function frameTo(to: readonly string[]): LogRecord {
  const view = { presence: 'online', currentlyActive: true } as const;
  const news = { kind: 'shown', userId: '@sender:hs', life: 0, version: 1, changedAtMs: 1, view } as const;
  const value = Buffer.from(encodeFrame({ entries: [{ ...news, to }] }));
  return { offset: 0, timestampMs: 1, key: null, value };
}

const LONGEST = `@${'a'.repeat(251)}:hs`;

it('numbers recipients as the interner does, whether it knew them or not', () => {
  const users = new Interner();
  users.intern('@b:hs');
  const reader = new FrameReader(users);
  const names = ['@a:hs', '@b:hs', '@ü:hs', LONGEST, '@a:hs2'];
  for (let round = 0; round < 3; round += 1) {
    const [entry] = reader.read(frameTo(names))?.entries ?? [];
    expect(Array.from(entry?.to ?? [], (number) => users.nameOf(number))).toEqual(names);
  }
});

it.each([256, 300, 130_000, 900_000])('is no frame where a recipient has %d bytes', (length) => {
  const users = new Interner();
  const reader = new FrameReader(users);
  for (const name of ['a'.repeat(length), `@${'a'.repeat(length - 4)}:hs`]) {
    expect(reader.read(frameTo([name]))).toBeUndefined();
    expect(reader.read(frameTo(['@a:hs', name, '@b:hs']))).toBeUndefined();
  }
  expect(reader.read(frameTo(['@a:hs']))?.entries).toHaveLength(1);
});

it('is no frame of such recipients either where names were made so that they lie in one place', () => {
  const users = new Interner();
  const { imul } = Math;
  for (let number = 0; users.size < 300; number += 1) {
    const name = `@${number.toString(36)}:evil`;
    let hash = 0x811c9dc5;
    for (let at = 0; at < name.length; at += 1) hash = imul(hash ^ name.charCodeAt(at), 0x01000193);
    hash = imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    if (((hash ^ (hash >>> 13)) & 0xfff) === 0x123) users.intern(name);
  }
  const reader = new FrameReader(users);
  for (const length of [256, 130_000, 900_000])
    expect(reader.read(frameTo(['@a:hs', 'a'.repeat(length)]))).toBeUndefined();
});
