// Public states and memberships, materialised from their topics for whoever needs to look up.
export * from './states-view.js';
export * from './memberships-view.js';
export { PRESENCES, StateRows, type RowContent } from './state-rows.js';
export * from './recent-changes.js';
export { asciiOf, foundViewOf } from './found-view.js';
export { VIEW_BITS, bitsOfView, viewOfBits } from './view-bits.js';
export { textOf } from './record-text.js';
export type { Waited } from './waiting.js';
