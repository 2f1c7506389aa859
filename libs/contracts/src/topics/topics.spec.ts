// design.md section 4, the table of topics; names of recipient topics.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { isUserId } from '#libs/matrix';
import {
  MAX_TOPIC_LENGTH,
  TOPIC_WORDS,
  prefixFault,
  recipientOf,
  recipientTopic,
  recipientTopicSpec,
  topicNames,
  topicSpecs,
} from '../index.js';
import { sha256Hex } from './sha256.js';

const DAY_MS = 86_400_000;

test('names stand under the prefix', () => {
  expect(topicNames('my.')).toMatchObject({
    activity: 'my.activity',
    rejected: 'my.rejected',
    recipientPrefix: 'my.to.',
  });
  expect(TOPIC_WORDS.map((word) => topicNames('presence.')[word])).toEqual(
    topicSpecs({ prefix: 'presence.', partitions: 8, deliveryPartitions: 8 }).map(({ name }) => name),
  );
});

test('every topic has the shape of the contract', () => {
  const specs = topicSpecs({ prefix: 'presence.', partitions: 8, deliveryPartitions: 3 });
  const shapes = Object.fromEntries(specs.map(({ name, ...shape }) => [name.slice('presence.'.length), shape]));
  const compact = { partitions: 8, cleanup: 'compact', timestamps: 'create' };
  expect(shapes).toEqual({
    activity: { partitions: 8, cleanup: 'delete', retentionMs: 7 * DAY_MS, timestamps: 'append' },
    commands: { partitions: 8, cleanup: 'delete', retentionMs: 30 * DAY_MS, timestamps: 'append' },
    states: compact,
    changes: { partitions: 8, cleanup: 'delete', timestamps: 'create' },
    registers: compact,
    snapshots: { partitions: 8, cleanup: 'delete', retentionMs: 31 * DAY_MS, timestamps: 'create' },
    memberships: { ...compact, minCompactionLagMs: 7 * DAY_MS },
    rooms: { ...compact, minCompactionLagMs: 7 * DAY_MS },
    deliveries: { partitions: 3, cleanup: 'delete', retentionMs: 3_600_000, timestamps: 'create' },
    rejected: { partitions: 8, cleanup: 'delete', retentionMs: 30 * DAY_MS, timestamps: 'create' },
  });
  expect(recipientTopicSpec('x')).toEqual({ name: 'x', partitions: 1, cleanup: 'compact', timestamps: 'create' });
});

test('prefixes that Kafka would refuse', () => {
  expect(['presence.', '', 'a-b_c.9'].map(prefixFault)).toEqual([undefined, undefined, undefined]);
  expect(['a/', 'ä', 'a b', 'x'.repeat(101)].map(prefixFault).filter((fault) => fault === undefined)).toEqual([]);
});

describe('recipient topics', () => {
  test('escape everything but letters and digits', () => {
    expect(recipientTopic('presence.', '@bot:example.org')).toBe('presence.to.-40bot-3Aexample-2Eorg');
    expect(recipientTopic('p.', '@é_-:hs')).toBe('p.to.-40-C3-A9-5F-2D-3Ahs');
    expect(recipientTopic('p.', '@a.b:hs')).not.toBe(recipientTopic('p.', '@a_b:hs'));
  });

  test('hexadecimal digits are read in either case', () => {
    expect(recipientOf('presence.', 'presence.to.-40bot-3aexample-2eorg')).toEqual({
      kind: 'user',
      userId: '@bot:example.org',
    });
  });

  test.each([
    ['presence.changes', 'other'],
    ['presence.to.', 'invalid'],
    ['presence.to.bot', 'invalid'],
    ['presence.to.-4', 'invalid'],
    ['presence.to.-40bot-3Aexample.org', 'invalid'],
    ['presence.to.-40-FF-3Ahs', 'invalid'],
    ['presence.to.%40bot', 'invalid'],
    ['presence.to.-h-abc', 'invalid'],
  ])('%s is %s', (topic, kind) => {
    expect(recipientOf('presence.', topic).kind).toBe(kind);
  });

  test('names that would be too long are hashed, and told by the hash', () => {
    expect(recipientTopic('presence.', `@${'a'.repeat(229)}:hs`)).toHaveLength(MAX_TOPIC_LENGTH);
    expect(recipientTopic('presence.', `@${'a'.repeat(230)}:hs`)).toContain('-h-');
    const userId = `@${'é'.repeat(100)}:hs`;
    const sha256 = createHash('sha256').update(userId).digest('hex');
    expect(recipientTopic('presence.', userId)).toBe(`presence.to.-h-${sha256}`);
    expect(recipientOf('presence.', `presence.to.-h-${sha256}`)).toEqual({ kind: 'hashed', sha256 });
  });

  test('every user has a name that Kafka takes, and its own', () => {
    const userId = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 120 })
      .map((text) => `@${text}:hs`)
      .filter(isUserId);
    fc.assert(
      fc.property(userId, (user) => {
        const name = recipientTopic('presence.', user);
        expect(name).toMatch(/^[A-Za-z0-9.-]{1,249}$/);
        const recipient = recipientOf('presence.', name);
        expect(recipient).toEqual(
          name.includes('-h-') ? { kind: 'hashed', sha256: sha256Hex(user) } : { kind: 'user', userId: user },
        );
      }),
      { numRuns: 300 },
    );
  });
});

test('SHA-256 is the platform’s, across block borders', () => {
  for (let length = 0; length < 130; length += 1) {
    const text = 'é'.repeat(length % 7) + 'x'.repeat(length);
    expect(sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'));
  }
});
