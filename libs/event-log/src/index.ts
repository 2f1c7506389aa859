// The event log's public face: the port and its errors, the in-memory twin, what local adapters share, the hooks with
// which simulations hurt a log, and the contract suite that every adapter runs.
export * from './port.js';
export * from './errors.js';
export { ListedRecords, PackedRecord, type RecordCursor } from './packed-record.js';
export { Spans } from './spans.js';
export { MemoryEventLog, type MemoryEventLogOptions } from './memory-event-log.js';
export { FaultyEventLog, type Fate, type LogFaults } from './faulty-event-log.js';
export { GroupCoordinator, type GroupFaults } from './group-coordinator.js';
export { LocalTails } from './local-tails.js';
export { type LocalStore, nextTurn, readLocal } from './local-store.js';
export { assignSticky } from './assignment.js';
export { murmur2, partitionOf } from './partitioner.js';
export { bytesOf, DEFAULT_MAX_RECORD_BYTES, Placement, requireFit, sizeOfRecord } from './new-records.js';
export { requireShape, shapeDifferences, specFaults, unfitSettings, type UnfitSetting } from './topic-shape.js';
export { describeEventLog, type ContractCapabilities, type LogUnderTest } from './event-log.contract.js';
