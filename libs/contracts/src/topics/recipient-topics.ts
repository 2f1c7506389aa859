// `presence.to.<recipient>`: the name of a topic is the subscription. Invariant: two users never have one name, and
// Kafka takes every name: after the prefix only A-Z, a-z and 0-9 stand for themselves, every other byte is `-XX`, so
// that neither `.` nor `_`, which Kafka takes for the same, ever occurs.
import { isUserId, utf8Bytes, type UserId } from '#libs/matrix';
import { sha256Hex } from './sha256.js';
import { topicNames } from './topic-names.js';

/** The longest name that Kafka takes. */
export const MAX_TOPIC_LENGTH = 249;

const HASHED = '-h-';

export type Recipient =
  | { readonly kind: 'user'; readonly userId: UserId }
  /** Too long for its name: to be matched against known members by `recipientTopic`. */
  | { readonly kind: 'hashed'; readonly sha256: string }
  /** A recipient topic's prefix, but no recipient; `reason` is a sentence. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** No recipient topic at all. */
  | { readonly kind: 'other' };

/** The one name of a recipient's topic. */
export function recipientTopic(prefix: string, userId: string): string {
  const { recipientPrefix } = topicNames(prefix);
  const name = recipientPrefix + escaped(userId);
  return name.length <= MAX_TOPIC_LENGTH ? name : recipientPrefix + HASHED + sha256Hex(userId);
}

/** Whose topic it is. Hexadecimal digits are taken in either case: whoever creates a topic by hand may write them so. */
export function recipientOf(prefix: string, topic: string): Recipient {
  const { recipientPrefix } = topicNames(prefix);
  if (!topic.startsWith(recipientPrefix)) return { kind: 'other' };
  const name = topic.slice(recipientPrefix.length);
  if (name.startsWith(HASHED)) return hashed(name.slice(HASHED.length));
  const userId = unescaped(name);
  if (userId === undefined)
    return {
      kind: 'invalid',
      reason: `${topic}: after ${recipientPrefix} only A-Z, a-z, 0-9 and -XX (hexadecimal UTF-8) may stand`,
    };
  if (!isUserId(userId)) return { kind: 'invalid', reason: `${topic} names no Matrix user id` };
  return { kind: 'user', userId };
}

function hashed(digest: string): Recipient {
  if (/^[0-9a-f]{64}$/.test(digest)) return { kind: 'hashed', sha256: digest };
  return { kind: 'invalid', reason: `${HASHED}${digest} is no SHA-256 of 64 lower-case hexadecimal digits` };
}

function escaped(userId: string): string {
  let name = '';
  for (const byte of utf8Bytes(userId))
    name += stands(byte) ? String.fromCharCode(byte) : `-${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return name;
}

function stands(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function unescaped(name: string): string | undefined {
  if (!/^(?:[0-9A-Za-z]|-[0-9A-Fa-f]{2})*$/.test(name)) return undefined;
  try {
    return decodeURIComponent(name.replaceAll('-', '%'));
  } catch {
    // Bytes that are no UTF-8 name nobody; the caller says so.
    return undefined;
  }
}
