// The loop: one task per partition, merged by time, exactly once. See README.md.
export * from './fold.js';
export * from './limits.js';
export * from './observer.js';
export * from './policies.js';
export * from './progress.js';
export * from './task-states.js';
