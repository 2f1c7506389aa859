// `describe` for suites that need a real broker. Invariant: such a suite never passes without one: it runs, or it is
// reported as skipped by name with the reason, or, where CI is true, it fails. Each suite has a topic prefix of its own.
import { randomBytes } from 'node:crypto';
import { brokerFault, openBroker, type OpenBroker } from './broker-source.js';
import { localKafkaFault } from './jars.js';
import { findKcat, Kcat } from './kcat.js';

const START_LIMIT_MS = 300_000;

export interface KafkaForTests {
  /** host:port of the brokers. */
  readonly brokers: readonly string[];
  /** Begins every topic, group and transactional id of this suite: others use the same broker. */
  readonly prefix: string;
}

const newPrefix = (): string => `t${randomBytes(5).toString('hex')}.`;

const absent = (reason: string) => (): never => {
  throw new Error(reason);
};

function describeWithout(name: string, reason: string, suite: (kafka: () => KafkaForTests) => void): void {
  if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('needs a Kafka broker, and what else it is tested with', absent(`this cannot be tested here: ${reason}`));
    });
  } else {
    describe.skip(`${name} (not with Kafka here: ${reason})`, () => suite(absent(reason)));
  }
}

/** Calls inside of tests and hooks get the broker by calling `kafka()`. */
export function describeKafka(name: string, suite: (kafka: () => KafkaForTests) => void): void {
  const fault = brokerFault();
  if (fault !== undefined) return describeWithout(name, fault, suite);
  describe(name, () => {
    let open: (OpenBroker & KafkaForTests) | undefined;
    beforeAll(async () => {
      open = { ...(await openBroker()), prefix: newPrefix() };
    }, START_LIMIT_MS);
    afterAll(async () => open?.close());
    suite(() => open ?? absent('the broker is known inside of tests and hooks only')());
  });
}

/** For suites that break brokers: they need local processes, whatever KAFKA_BROKERS says. */
export function describeLocalKafka(name: string, suite: () => void): void {
  const fault = localKafkaFault();
  if (fault === undefined) describe(name, suite);
  else describeWithout(name, fault, suite);
}

/** For suites in which clients that are not ours read and write beside us: kcat, and the tools of Kafka's own jars. */
export function describeKcat(name: string, suite: (kafka: () => KafkaForTests, kcat: () => Kcat) => void): void {
  const toolsFault = localKafkaFault();
  const found = toolsFault === undefined ? findKcat() : { reason: `Kafka's own tools cannot be run: ${toolsFault}` };
  if ('reason' in found) describeWithout(name, found.reason, (kafka) => suite(kafka, absent(found.reason)));
  else describeKafka(name, (kafka) => suite(kafka, () => new Kcat(found, kafka().brokers)));
}
