// Public states and memberships, materialised from their topics for whoever needs to look up.
export * from './states-view.js';
export * from './memberships-view.js';
export { StateRows, type RowContent } from './state-rows.js';
export { textOf } from './record-text.js';
export type { Waited } from './waiting.js';
