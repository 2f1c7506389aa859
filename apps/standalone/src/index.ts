// The door of the standalone app: the whole engine as a function, for end-to-end tests and the simulator.

export { startStandalone, type StandaloneOptions } from './composition.js';
export { greeting } from './greeting.js';
