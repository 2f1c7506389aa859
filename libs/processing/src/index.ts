// The loop: one task per partition, merged by time, exactly once. See README.md.
export * from './fold.js';
export * from './limits.js';
export * from './observer.js';
export * from './policies.js';
export * from './progress.js';
export * from './task-states.js';
export { rejectionOf, type RejectedRecord } from './outbox.js';
export { AbandonedError, CannotDecodeError, CannotProcessError, InputLostError, TaskStoppedError } from './stops.js';
export { lastOfKey } from './take-over.js';
export { Task } from './task.js';
export type { TaskOwner, TaskSettings } from './task-settings.js';
export { TaskHost, type PartitionHealth } from './task-host.js';
export { RollingCheckpoint } from './rolling-checkpoint.js';
export { TimingWheel } from './timing-wheel.js';
