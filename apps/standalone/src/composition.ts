// The standalone process as data: what `npm start` runs and what end-to-end tests run inside a test. Invariant: a test starts
// exactly what an operator starts.

import { gatewayAdapter, prepareGateway } from '#apps/gateway';
import {
  Journal,
  readConfiguration,
  serve,
  type Composition,
  type Environment,
  type RunningProcess,
} from '#libs/runtime';
import { StandaloneModule } from './standalone.module.js';

export const standalone: Composition = {
  module: (configuration) => StandaloneModule.compose(configuration),
  adapter: gatewayAdapter,
  prepare: prepareGateway,
};

export interface StandaloneOptions {
  /** As if it were the process's environment; nothing of the real one is read. */
  readonly environment: Environment;
  /** Absent: silent. */
  readonly journal?: Journal;
}

/** For tests: the standalone process inside this one, without signals and greeting. HTTP_PORT defaults to any free port. */
export async function startStandalone({ environment, journal }: StandaloneOptions): Promise<RunningProcess> {
  const { configuration } = readConfiguration({ HTTP_PORT: '0', ...environment }, 'standalone');
  return serve({ ...standalone, configuration, journal: journal ?? Journal.silent() });
}
