// The door of the fan-out app: its module for whoever composes a process, and the class itself for tests and benchmarks.
export { FanoutModule } from './fanout.module.js';
export { Fanout, type FanoutSetup } from './fanout.js';
export { connectFanout, type ConnectedFanout } from './connection.js';
export { DEFAULT_LIMITS, type FanoutLimits, type Meter } from './surroundings.js';
export { Tables } from './tables.js';
export { Telling } from './telling.js';
export { readChange } from './news.js';
