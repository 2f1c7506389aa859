// The door of the runtime room: what apps' modules inject and what their mains start. Invariant: no domain word here.

export * from './tokens.js';
export * from './clock.js';
export * from './ending.js';
export * from './configuration/configuration.js';
export {
  ConfigurationError,
  VARIABLE_NAMES,
  readConfiguration,
  requireKafka,
  type ConfigurationRead,
  type Environment,
} from './configuration/read.js';
export { VARIABLE_GROUPS, variableReference, type VariableEntry } from './configuration/reference.js';
export { describeConfiguration } from './configuration/describe.js';
export * from './transport/subscriptions.js';
export * from './transport/server.js';
export * from './observing/journal.js';
export * from './observing/lag-watch.js';
export * from './observing/metrics.js';
export * from './observing/health.js';
export * from './observing/tracing.js';
export * from './log.module.js';
export * from './runtime.module.js';
export * from './serve.js';
export * from './main.js';
export * from './shutdown.js';
export * from './supervisor.js';
export * from './topics.js';
