// Who shares a room with whom: interned ids, member arrays, watcher sets, join and leave effects. Pure.
export * from './ascii-names.js';
export { grownInt32 } from './columns.js';
export * from './effects.js';
export * from './int-list.js';
export * from './interest.js';
export { Interner } from './interner.js';
export { MOST_LOOKS, NameSlots } from './name-slots.js';
