// `npm start`: the whole engine in one process, on the embedded log in DATA_DIR or, with KAFKA_BROKERS, on Kafka. Prints on
// stdout, once it serves, what to try. Nothing else in this app starts anything on import.

import { runMain } from '#libs/runtime';
import { standalone } from './composition.js';
import { greeting } from './greeting.js';

await runMain({
  ...standalone,
  app: 'standalone',
  environment: process.env,
  arguments: process.argv.slice(2),
  greeting,
});
