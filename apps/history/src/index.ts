// The door of the history app: the command line as a function, for end-to-end tests and other composers. Starts nothing.
export { rollcall } from './command-line.js';
export type { Output, Surroundings } from './surroundings.js';
