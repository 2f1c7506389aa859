// Frames as records of a partition: what is no frame is told apart, however long it is, and stops nobody.
import { encodeFrame } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { Interner } from '#libs/interest';
import { crowdedNames } from '#libs/testing';
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
  for (const name of crowdedNames(300)) users.intern(name);
  const reader = new FrameReader(users);
  for (const length of [256, 130_000, 900_000])
    expect(reader.read(frameTo(['@a:hs', 'a'.repeat(length)]))).toBeUndefined();
});
