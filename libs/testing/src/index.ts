// What specs and the simulator need and no service may have. Nothing here is a stand-in for a room of ours.
export * from './scenario.js';
export * from './scenario-domain.js';
export * from './timelines.js';
export * from './browser/index.js';
export * from './kafka/index.js';
export * from './synapse/index.js';
export { PassingFolder } from './passing-folder.js';
export { findDebianProgram, type Found } from './debian-package.js';
export { crowdedNames } from './crowded-names.js';
export { Draw } from './draw.js';
export * from './simulated-clock.js';
export { spansInALog } from './spans-in-a-log.js';
export * from './law-checks.js';
export { repositoryRoot, runProgram, programArguments, type ProgramProcess } from './run-program.js';
export { matrixErrorFaults, presenceEventFaults, presenceStatusFaults, syncPresenceFaults } from './matrix-schemas.js';
export * from './timeline-scenario.js';
export * from './plain-model/index.js';
