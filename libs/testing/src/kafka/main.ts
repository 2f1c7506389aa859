// `npm run kafka`: one local broker until Ctrl-C. Prints its address and what to do with it.
import { onEndingSignal } from '#libs/runtime';
import { LocalCluster } from './local-cluster.js';

/** Kafka's own port, so that what the README says works as it stands. */
const PORT = 9092;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const fail = (error: unknown): void => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
};

async function main(): Promise<void> {
  say('Starting a local Apache Kafka (the first time its jars are fetched by Maven, 126 MB) …');
  const cluster = await LocalCluster.start({ groupSettings: 'broker', speed: 'fast', heapMb: 1024, port: PORT });
  const [broker = ''] = cluster.brokers;
  if (!broker.endsWith(`:${PORT}`)) say(`Port ${PORT} is somebody else's.`);
  say(`Kafka answers on ${broker}. Its data is in ${cluster.folder} and goes when it stops.

  KAFKA_BROKERS=${broker} npm start               the whole of Rollcall on this broker
  KAFKA_BROKERS=${broker} npm test                the Kafka suites on this broker
  kcat -b ${broker} -L                            what is there

Ctrl-C stops it.`);
}

// The node and its folder go as this exits.
onEndingSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => process.exit(0));
main().catch(fail);
