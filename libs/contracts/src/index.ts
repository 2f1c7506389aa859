// The stored formats: topics, keys, records of every version, lines of the doors, and the documents made of them. Pure:
// codecs take and give text; what is not UTF-8 is refused outside (VALUE_NOT_UTF8, KEY_NOT_UTF8).
export { type Decoded, type Undecodable, KEY_NOT_UTF8, VALUE_NOT_UTF8 } from './format/decoded.js';
export { ORDER_KEY, PROGRESS_KEY, SNAPSHOT_KEY, membershipKey, misplaced, pairOf, type Pair } from './format/keys.js';
export { TRACEPARENT, readTraceparent, tracedHeaders } from './format/traceparent.js';
export { decodeActivity, decodeActivityWhole, encodeActivity } from './activity/activity.js';
export { FoundActive, findActive } from './activity/quick-active-bytes.js';
export { FoundSession, findSession } from './activity/quick-sessions.js';
export { JsonBytes, Piece, ascii, type RecordSpans } from './format/json-bytes.js';
export { type ActivityRecord } from './activity/activity-record.js';
export { decodeCommand, encodeCommand } from './commands/commands.js';
export { FoundSet, findSet } from './commands/quick-set.js';
export { type CommandRecord } from './commands/command-record.js';
export { AS_OF, asOf, asOfHeaders } from './rooms/as-of.js';
export { decodeMembership, decodeRoomPolicy, encodeMembership, encodeRoomPolicy } from './rooms/rooms.js';
export { type MembershipRecord, type MembershipWord } from './rooms/room-membership-v1.js';
export { type RoomPolicyRecord, type RoomPolicyWord } from './rooms/room-policy-v1.js';
export { decodeProgress, decodeState, decodeStatesRecord, encodeState, type StatesRecord } from './states/states.js';
export { type StateRecord } from './states/presence-state-v1.js';
export { type FoundView } from './format/view-bytes.js';
export { FoundState, findState } from './states/quick-state.js';
export {
  INPUTS,
  encodeProgress,
  type AcceptedLoss,
  type InputWord,
  type ProgressPosition,
  type ProgressRecord,
} from './states/presence-progress-v1.js';
export { decodeChange, encodeChange } from './changes/changes.js';
export { FoundChange, findChange } from './changes/quick-change.js';
export {
  type Applied,
  type Cause,
  type ChangeRecord,
  type ForgottenRecord,
  type ViewChangeRecord,
} from './changes/change-record.js';
export {
  FRAME_ENTRY_TAIL,
  FRAME_OVERHEAD_BYTES,
  decodeFrame,
  encodeFrame,
  frameEntryHead,
  frameEntryText,
  frameRecipient,
  frameText,
  type FrameEntry,
  type FrameNews,
  type FrameRecord,
  type News,
} from './deliveries/frame.js';
export { FoundFrame, findFrame, type UserNumbers } from './deliveries/quick-frame.js';
export {
  decodeFrameHeaders,
  decodeVector,
  encodeVector,
  frameHeaders,
  positionsOf,
  vectorOf,
  type FrameVectors,
  type Vector,
} from './deliveries/vector.js';
export { decodeFanoutPosition, encodeFanoutPosition, type FanoutPosition } from './deliveries/fanout-position.js';
export {
  decodeRecipientEvent,
  encodeRecipientEvent,
  type EventToRecipient,
  type RecipientRecord,
  type WrittenEvent,
} from './deliveries/recipient-event.js';
export { REJECTION_KINDS, rejectionKind, type RejectionKind } from './rejected/rejection-kind.js';
export { decodeRejection, type Rejected } from './rejected/rejection.js';
export {
  FoundRegisters,
  decodeRegisters,
  encodeRegisters,
  findRegisters,
  registersElsewhere,
  type Told,
} from './registers/index.js';
export { COPIED_FROM, copiedFrom, writtenCopiedFrom, type CopiedFrom } from './copies/copied-from.js';
export {
  copyTopic,
  copyTopicSpec,
  decodeCopyMark,
  encodeCopyMark,
  isCopyDone,
  type CopyMark,
} from './copies/copy-mark.js';
export { decodeSnapshotRecord, encodeSnapshotRecord, snapshotKey } from './snapshots/snapshots.js';
export {
  type OrderPoint,
  type SnapshotBegin,
  type SnapshotEnd,
  type SnapshotReason,
  type SnapshotRecord,
  type TakingOrder,
} from './snapshots/snapshot-record.js';
export {
  DEFAULT_PREFIX,
  TOPIC_WORDS,
  prefixFault,
  topicNames,
  type TopicNames,
  type TopicWord,
} from './topics/topic-names.js';
export { recipientTopicSpec, topicSpecs, type TopicCounts, type TopicShape } from './topics/topic-specs.js';
export {
  KAFKA_CLIENTS,
  recipientRights,
  rightsOf,
  type KafkaClient,
  type Operation,
  type Right,
} from './topics/rights.js';
export { MAX_TOPIC_LENGTH, recipientOf, recipientTopic, type Recipient } from './topics/recipient-topics.js';
export { type LineReading, type LineTopic } from './lines/line-reading.js';
export {
  LINE_READERS,
  readActivityLine,
  readCommandLine,
  readMembershipLine,
  readRoomPolicyLine,
} from './lines/ndjson-lines.js';
export { readMembershipCsvLine } from './lines/csv-lines.js';
export { asyncApiDocument } from './document/asyncapi.js';
export { recordSchemas, type JsonSchema, type RecordSchema } from './document/record-schemas.js';
