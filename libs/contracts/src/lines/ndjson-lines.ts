// NDJSON lines of the doors (POST, `rollcall import` and `produce`): a line is the record of its topic, `v` may be absent
// (1), and so may `type` for memberships and rooms; the key is computed. Invariant: a line is judged by the very
// schemas that judge the topic.
import { decodeActivityLine, encodeActivity } from '../activity/activity.js';
import { decodeCommandLine, encodeCommand } from '../commands/commands.js';
import { type Decoded } from '../format/decoded.js';
import { membershipKey } from '../format/keys.js';
import { type LineDefaults } from '../format/record-family.js';
import { decodeMembershipLine, decodeRoomPolicyLine, encodeMembership, encodeRoomPolicy } from '../rooms/rooms.js';
import { type LineReading, type LineTopic, NOTHING, badLine } from './line-reading.js';

/** Version 1 is what a line without `v` was written for, now and whenever there is a newer one. */
const DEFAULTS: LineDefaults = { v: 1 };

export function readActivityLine(line: string): LineReading {
  return reading(line, decodeActivityLine, (record) => ({
    topic: 'activity',
    key: record.userId,
    value: encodeActivity(record),
  }));
}

export function readCommandLine(line: string): LineReading {
  return reading(line, decodeCommandLine, (record) => ({
    topic: 'commands',
    key: record.userId,
    value: encodeCommand(record),
  }));
}

export function readMembershipLine(line: string): LineReading {
  return reading(line, decodeMembershipLine, (record) => ({
    topic: 'memberships',
    key: membershipKey(record.roomId, record.userId),
    value: encodeMembership(record),
  }));
}

export function readRoomPolicyLine(line: string): LineReading {
  return reading(line, decodeRoomPolicyLine, (record) => ({
    topic: 'rooms',
    key: record.roomId,
    value: encodeRoomPolicy(record),
  }));
}

export const LINE_READERS: Readonly<Record<LineTopic, (line: string) => LineReading>> = {
  activity: readActivityLine,
  commands: readCommandLine,
  memberships: readMembershipLine,
  rooms: readRoomPolicyLine,
};

interface Appendable {
  readonly topic: LineTopic;
  readonly key: string;
  readonly value: string;
}

function reading<T>(
  line: string,
  decode: (text: string, defaults: LineDefaults) => Decoded<T>,
  append: (record: T) => Appendable,
): LineReading {
  const text = line.startsWith('\uFEFF') ? line.slice(1) : line;
  if (text.trim() === '') return NOTHING;
  const result = decode(text, DEFAULTS);
  return result.ok ? { kind: 'record', ...append(result.record) } : badLine(result.reason);
}
