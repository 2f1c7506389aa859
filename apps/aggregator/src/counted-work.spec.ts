// What an input costs, counted instead of timed: records written, and objects made of what was fetched. These are what makes
// the fold fast; a figure on the clock would tell of the machine.
import { encodeActivity, encodeCommand, topicNames } from '#libs/contracts';
import { PackedRecord } from '#libs/event-log';
import { DEFAULT_POLICY, type ActivityInput } from '#libs/presence';
import type { TaskHandle } from '#libs/processing';
import { PresenceFold } from './presence-fold.js';

const TOPICS = topicNames('presence.');
const START_MS = 1_700_000_000_000;
const USERS = 50;

function setting() {
  const written = new Map<string, number>();
  /** By topic and key, the last value. */
  const texts = new Map<string, Map<string, string>>();
  const handle: TaskHandle = {
    partition: 0,
    partitions: 1,
    write: (topic, key, value) => {
      written.set(topic, (written.get(topic) ?? 0) + 1);
      if (!texts.has(topic)) texts.set(topic, new Map());
      if (value !== null) texts.get(topic)!.set(key, value);
    },
    appliedOffset: () => 0,
    arm: () => undefined,
    markDirty: () => undefined,
    markSaved: () => undefined,
  };
  return { fold: new PresenceFold(handle, { topics: TOPICS, policy: DEFAULT_POLICY }), written, texts };
}

/** A packed record that counts how often it is asked to become objects. */
class CountingRecord extends PackedRecord {
  asked = 0;

  show(userId: string, value: string, offset: number): this {
    this.bytes = Buffer.from(userId + value);
    this.offset = offset;
    this.timestampMs = START_MS + offset;
    this.keyStart = 0;
    this.keyEnd = Buffer.byteLength(userId);
    this.valueStart = this.keyEnd;
    this.valueEnd = this.bytes.length;
    return this;
  }

  override get key(): Uint8Array | null {
    this.asked += 1;
    return super.key;
  }

  override get value(): Uint8Array | null {
    this.asked += 1;
    return super.value;
  }
}

const userOf = (index: number): string => `@user${index % USERS}:bench.example`;

test('activity and renewals of users who are shown active are folded in place and written nowhere', () => {
  const { fold, written } = setting();
  const record = new CountingRecord();
  let offset = 0;
  const take = (input: ActivityInput): void => {
    const userId = userOf(offset);
    fold.take(0, record.show(userId, encodeActivity({ userId, input }), offset), record.timestampMs);
    offset += 1;
  };
  const session = { sessionId: 's', claim: 'auto', leaseMs: 300_000 } as const;
  for (let user = 0; user < USERS; user += 1) take({ type: 'device.connected', deviceId: 'D', ...session });
  fold.flush(START_MS);
  expect(Object.fromEntries(written)).toMatchObject({ [TOPICS.changes]: USERS, [TOPICS.states]: USERS });
  written.clear();
  record.asked = 0;
  for (let index = 0; index < USERS * 100; index += 1) {
    const isRenewal = Math.floor(index / USERS) % 10 === 9;
    take(
      isRenewal ? { type: 'device.connected', deviceId: 'D', ...session } : { type: 'device.active', deviceId: 'D' },
    );
  }
  fold.flush(START_MS);
  expect([record.asked, written.size]).toEqual([0, 0]);
});

test('a change is three records, however many of a user a batch holds: each change, one state, one register', () => {
  const { fold, written } = setting();
  fold.flush(START_MS);
  written.clear();
  const record = new CountingRecord();
  for (let offset = 0; offset < USERS * 4; offset += 1) {
    const userId = userOf(offset);
    const input = { type: 'presence.set', deviceId: 'D', presence: 'online', statusMsg: `turn ${offset}` } as const;
    fold.take(1, record.show(userId, encodeCommand({ userId, input }), offset), record.timestampMs);
  }
  fold.flush(START_MS);
  expect(Object.fromEntries(written)).toEqual({
    [TOPICS.changes]: USERS * 4,
    [TOPICS.states]: USERS,
    [TOPICS.registers]: USERS,
  });
  // Only the first command of each, who was not known before, became a key and a value.
  expect(record.asked).toBe(USERS * 2);
});

test('a take-over reads registers alone, where they lie: no record becomes an object, whatever users say', () => {
  const { fold, texts } = setting();
  const record = new CountingRecord();
  for (let offset = 0; offset < USERS * 4; offset += 1) {
    const userId = userOf(offset);
    const session = { sessionId: `s${offset}`, claim: 'auto', leaseMs: 300_000 } as const;
    const connected = { type: 'device.connected', deviceId: `D${offset % 3}`, ...session } as const;
    fold.take(0, record.show(userId, encodeActivity({ userId, input: connected }), offset), record.timestampMs);
    const input = { type: 'presence.set', deviceId: 'D', presence: 'busy', statusMsg: `${offset} früh 😀` } as const;
    fold.take(1, record.show(userId, encodeCommand({ userId, input }), offset), record.timestampMs);
  }
  fold.flush(START_MS);
  const next = setting();
  record.asked = 0;
  for (const [userId, text] of texts.get(TOPICS.registers)!)
    next.fold.restore(TOPICS.registers, record.show(userId, text, 0));
  expect([next.fold.size, record.asked, next.fold.needsProgressTopic()]).toEqual([USERS, 0, false]);
  expect(next.fold.registers()).toEqual(fold.registers());
});
