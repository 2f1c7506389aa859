// The loop: one task per partition, merged by time, exactly once. See README.md.
export * from './fold.js';
export * from './limits.js';
export * from './observer.js';
export * from './policies.js';
export * from './progress.js';
export * from './task-states.js';
export * from './stops.js';
export { Task, type TaskOwner, type TaskSettings } from './task.js';
export { TaskHost, type PartitionHealth } from './task-host.js';
export { TimingWheel } from './timing-wheel.js';
