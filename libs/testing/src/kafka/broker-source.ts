// Where tests get a broker from, in this order: KAFKA_BROKERS, a Docker engine, local processes of Apache Kafka's own
// jars. What is missing is said in a sentence. Invariant: whether there is any way is known without waiting, because jest
// collects suites synchronously.
import { hasDockerEngine, startContainerBroker } from './container-broker.js';
import { localKafkaFault } from './jars.js';
import { sharedBroker } from './checkout-broker.js';

export interface OpenBroker {
  readonly brokers: readonly string[];
  readonly from: 'KAFKA_BROKERS' | 'container' | 'local process';
  close(): Promise<void>;
}

const given = (): readonly string[] =>
  (process.env['KAFKA_BROKERS'] ?? '')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');

/** Why no broker can be had here; undefined = one can. */
export function brokerFault(): string | undefined {
  return given().length > 0 || hasDockerEngine() ? undefined : localKafkaFault();
}

/** A Docker socket without an engine behind it: the next way is tried. */
const goOn = (): undefined => undefined;

export async function openBroker(): Promise<OpenBroker> {
  const brokers = given();
  if (brokers.length > 0) return { brokers, from: 'KAFKA_BROKERS', close: async () => {} };
  if (hasDockerEngine()) {
    const container = await startContainerBroker().catch(goOn);
    if (container !== undefined)
      return { brokers: [container.broker], from: 'container', close: () => container.stop() };
  }
  return { brokers: [await sharedBroker()], from: 'local process', close: async () => {} };
}
