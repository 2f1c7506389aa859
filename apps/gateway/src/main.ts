// `npm run start:gateway`: the HTTP door on Kafka. Refuses to start without KAFKA_BROKERS, and on
// topics that are missing or wrong. Nothing else in this app starts anything on import.

import { runMain } from '#libs/runtime';
import { ServiceModule } from './service.module.js';

await runMain({
  app: 'gateway',
  environment: process.env,
  arguments: process.argv.slice(2),
  module: () => ServiceModule.compose(),
});
