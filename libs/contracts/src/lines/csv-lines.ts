// CSV lines of memberships: `room_id,user_id,membership`, quoted as RFC 4180 has it where an id needs it, a header line
// allowed at the top. Invariant: one line is one record; a quoted line break is not taken.
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { membershipKey } from '../format/keys.js';
import { encodeMembership, readMembership } from '../rooms/rooms.js';
import { type LineReading, NOTHING, badLine } from './line-reading.js';

const COLUMNS = ['room_id', 'user_id', 'membership'];

/** `lineNumber` counts from 1; a header is one only in the first line. */
export function readMembershipCsvLine(line: string, lineNumber: number): LineReading {
  const text = (line.startsWith('\uFEFF') ? line.slice(1) : line).replace(/\r$/, '');
  if (text.trim() === '') return NOTHING;
  const fields = fieldsOf(text);
  if (!fields.ok) return badLine(fields.reason);
  const [roomId, userId, membership, ...rest] = fields.record;
  if (roomId === undefined || userId === undefined || membership === undefined || rest.length > 0) {
    return badLine(`the line has ${fields.record.length} fields, but must have 3: ${COLUMNS.join(',')}`);
  }
  if (lineNumber === 1 && fields.record.every((field, index) => field.trim().toLowerCase() === COLUMNS[index]))
    return NOTHING;
  const result = readMembership(roomId, userId, membership);
  if (!result.ok) return badLine(result.reason);
  return {
    kind: 'record',
    topic: 'memberships',
    key: membershipKey(result.record.roomId, result.record.userId),
    value: encodeMembership(result.record),
  };
}

function fieldsOf(line: string): Decoded<string[]> {
  if (!line.includes('"')) return decoded(line.split(',').map((field) => field.trim()));
  const fields: string[] = [];
  // A field is quoted, with quotes doubled inside, or holds neither quote nor comma.
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^",]*?))\s*(,|$)/y;
  for (;;) {
    const match = pattern.exec(line);
    if (match === null) return undecodable('the quotes of this line do not match');
    fields.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === '') return decoded(fields);
  }
}
