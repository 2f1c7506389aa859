// The separately written model of presence: see plain-model.ts.
export { PlainModel } from './plain-model.js';
export type * from './record.js';
