// What presence means, as pure code: one user's registers, what they show, and the changes they make.
export * from './activity-register.js';
export * from './aggregate.js';
export * from './change.js';
export * from './command-register.js';
export * from './deadline.js';
export * from './evaluate.js';
export * from './inputs.js';
export { NOWHERE } from './block-pages.js';
export type { ActiveFound, ActivePart, Bumped } from './packed-activity.js';
export { PackedAggregates } from './packed-aggregates.js';
export * from './policy.js';
export * from './prune.js';
export type * from './registers-found.js';
export * from './snapshot.js';
export * from './take.js';
export type { ReadText } from './unpacking.js';
export * from './view.js';
