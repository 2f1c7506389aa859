// `npm run start:gateway`: the HTTP door on Kafka. Refuses to start without KAFKA_BROKERS, without a way to know its users,
// and on topics that are missing or wrong. Nothing else in this app starts anything on import.

import { runMain } from '#libs/runtime';
import { gatewayAdapter, prepareGateway } from './http/gateway-adapter.js';
import { ServiceModule } from './service.module.js';

await runMain({
  app: 'gateway',
  environment: process.env,
  arguments: process.argv.slice(2),
  module: () => ServiceModule.compose(),
  adapter: gatewayAdapter,
  prepare: prepareGateway,
});
