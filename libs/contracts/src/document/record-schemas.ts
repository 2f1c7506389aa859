// Every record type and version with its JSON Schema (draft 2020-12), from the schemas that decode. Invariant: a version
// that a decoder takes is in this list, and none besides.
import { ACTIVITY } from '../activity/activity.js';
import { CHANGES } from '../changes/changes.js';
import { COMMANDS } from '../commands/commands.js';
import { DELIVERIES } from '../deliveries/frame.js';
import { RecipientEvent } from '../deliveries/recipient-event.js';
import { type RecordFamily } from '../format/record-family.js';
import { RegistersV1 } from '../registers/index.js';
import { MEMBERSHIPS, ROOMS } from '../rooms/rooms.js';
import { SNAPSHOTS } from '../snapshots/snapshots.js';
import { PROGRESS, STATES } from '../states/states.js';
import { type TopicWord } from '../topics/topic-names.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface RecordSchema {
  /** `to` stands for the recipients' topics. */
  readonly topic: TopicWord | 'to';
  readonly type: string;
  /** Absent: the record is Matrix's own, which has no versions of ours. */
  readonly v?: number;
  readonly schema: JsonSchema;
}

const FAMILIES: readonly (readonly [TopicWord, RecordFamily<unknown>])[] = [
  ['activity', ACTIVITY],
  ['commands', COMMANDS],
  ['states', STATES],
  ['states', PROGRESS],
  ['changes', CHANGES],
  ['snapshots', SNAPSHOTS],
  ['memberships', MEMBERSHIPS],
  ['rooms', ROOMS],
  ['deliveries', DELIVERIES],
];

/** Plain JSON values, made anew by every call. */
export function recordSchemas(): RecordSchema[] {
  const schemas: RecordSchema[] = [];
  for (const [topic, family] of FAMILIES) {
    for (const [type, versions] of family) {
      versions.forEach(({ schema }, index) => schemas.push({ topic, type, v: index + 1, schema: plain(schema) }));
    }
  }
  for (const topic of ['registers', 'snapshots'] as const)
    schemas.push({ topic, type: 'presence.registers', v: 1, schema: plain(RegistersV1) });
  schemas.push({ topic: 'to', type: 'm.presence', schema: plain(RecipientEvent) });
  return schemas;
}

function plain(schema: object): JsonSchema {
  return JSON.parse(JSON.stringify(schema)) as JsonSchema;
}
