// Timelines through the real aggregator on a real broker: each has topics, group and transactional ids under a prefix of its
// own, on a connection of its own. Inputs bring their times, so far back that the whole timeline lies before the broker's
// now: the only place where inputs are not stamped by the log. Invariant: nothing of a run stays on the broker.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { runScenarioThroughEngine } from '#apps/aggregator';
import { KafkaEventLog, type KafkaOptions } from '#libs/event-log-kafka';
import { type Environment, readConfiguration } from '#libs/runtime';
import { brokerFault, openBroker, type Scenario, SimulatedClock, scenarioPolicy } from '#libs/testing';
import type { ScenarioWay } from './scenario-report.js';

/** Most of a run is waiting for the broker. */
const WIDTH = 24;
const LOOK_EVERY_MS = 1;
/** Looks, not a time: a loaded machine gets longer. */
const PATIENCE = 60_000;
/** A timeline starts here, or earlier if it would not end before now. */
const LATEST_START_MS = 1_700_000_000_000;
const BEFORE_NOW_MS = 60_000;

/** No broker to run on: the message says what to do. */
export class NoBrokerError extends Error {
  override readonly name = 'NoBrokerError';
}

async function kafkaOptions(environment: Environment): Promise<KafkaOptions & { close: () => Promise<void> }> {
  const { kafka } = readConfiguration(environment, 'command line').configuration;
  if (kafka !== undefined) return { ...kafka, close: async () => undefined };
  const fault = brokerFault();
  if (fault !== undefined) throw new NoBrokerError(`There is no Kafka broker: ${fault}. Or set KAFKA_BROKERS.`);
  const broker = await openBroker();
  return { brokers: broker.brokers, clientId: 'scenarios', close: () => broker.close() };
}

function startOf({ id, steps, until, see = [] }: Scenario): number {
  const spanMs = Math.max(until, ...steps.map(({ at }) => at), ...see.map(({ at }) => at));
  const startMs = Math.min(LATEST_START_MS, Date.now() - BEFORE_NOW_MS - spanMs);
  if (startMs < 0) throw new Error(`${id} lasts longer than the time since 1970, before which Kafka knows no times`);
  return startMs;
}

async function rest(look: number): Promise<void> {
  if (look > PATIENCE) throw new Error(`${PATIENCE} looks were not enough`);
  await sleep(LOOK_EVERY_MS);
}

export class KafkaWay implements ScenarioWay {
  readonly name = 'engine on Kafka';
  readonly width = WIDTH;
  /** Begins every topic, group and transactional id of its runs. */
  readonly prefix = `scenarios-${randomBytes(5).toString('hex')}.`;
  readonly #discarded: string[] = [];
  #deleting: Promise<void> | undefined;
  #runs = 0;
  #isClosed = false;

  constructor(
    private readonly kafka: KafkaOptions & { close: () => Promise<void> },
    private readonly admin: KafkaEventLog,
  ) {}

  readonly run: ScenarioWay['run'] = (scenario) =>
    runScenarioThroughEngine(scenario, async () => {
      if (this.#isClosed) throw new Error('interrupted');
      const clock = new SimulatedClock();
      this.#runs += 1;
      const prefix = `${this.prefix}${this.#runs}.`;
      return {
        clock,
        policy: scenarioPolicy(scenario),
        openLog: () => KafkaEventLog.connect({ ...this.kafka, now: clock.now }),
        discard: async () => this.#discard(prefix),
        foreign: { prefix, startMs: startOf(scenario), rest },
      };
    });

  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#deleting;
      await this.#delete((topic) => topic.startsWith(this.prefix));
    } finally {
      await this.admin.close();
      await this.kafka.close();
    }
  }

  /** Beside the runs that follow, and one topic after the other: a broker is slow at this, and slower at several. */
  #discard(prefix: string): void {
    this.#discarded.push(prefix);
    this.#deleting ??= this.#deleteDiscarded()
      .catch(() => {
        // `close` deletes whatever is left and tells why it cannot.
      })
      .finally(() => {
        this.#deleting = undefined;
      });
  }

  async #deleteDiscarded(): Promise<void> {
    while (this.#discarded.length > 0) {
      const prefixes = this.#discarded.splice(0);
      await this.#delete((topic) => prefixes.some((prefix) => topic.startsWith(prefix)));
    }
  }

  async #delete(isWanted: (topic: string) => boolean): Promise<void> {
    for (const topic of await this.admin.listTopics()) if (isWanted(topic)) await this.admin.deleteTopic(topic);
  }
}

/** Throws a sentence when there is no broker. */
export async function kafkaWay(environment: Environment): Promise<KafkaWay> {
  const kafka = await kafkaOptions(environment);
  return new KafkaWay(kafka, await KafkaEventLog.connect(kafka));
}
