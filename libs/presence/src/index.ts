export * from './change.js';
export * from './inputs.js';
export * from './policy.js';
export * from './view.js';
