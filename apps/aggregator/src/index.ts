// The aggregator app's door: the engine without Nest, and the module that runs it in a service.
export { Aggregator, aggregatorTopology, foldOf, type AggregatorOptions } from './aggregator.js';
export { DEFAULT_SNAPSHOT_PACE, type SnapshotPace } from './partition-snapshots.js';
export { decodeInput, type InputRead } from './input-decoding.js';
export { KnownTexts } from './known-texts.js';
export { textOf } from './record-text.js';
export { QuickInputs } from './quick-inputs.js';
export { UserNames } from './user-names.js';
export { PresenceFold, type PresenceFoldOptions } from './presence-fold.js';
export { AggregatorModule } from './aggregator.module.js';
export {
  runScenarioThroughEngine,
  type EngineOutcome,
  type EngineScene,
  type EngineStep,
  type EngineTimeline,
  type ForeignLog,
} from './scenario-engine.js';
