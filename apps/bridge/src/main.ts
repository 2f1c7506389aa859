// `npm run start:bridge`: the application service on Kafka. Refuses to start without KAFKA_BROKERS and BRIDGE_REGISTRATION_FILE,
// and on topics that are missing or wrong. Nothing else in this app starts anything on import.

import { runMain } from '#libs/runtime';
import { bridgeAdapter } from './bridge-adapter.js';
import { ServiceModule } from './service.module.js';

await runMain({
  app: 'bridge',
  environment: process.env,
  arguments: process.argv.slice(2),
  module: () => ServiceModule.compose(),
  adapter: bridgeAdapter,
});
