export * from './scenario.js';
export * from './scenario-domain.js';
