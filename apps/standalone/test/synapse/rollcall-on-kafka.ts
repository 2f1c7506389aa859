// Rollcall in front of a Synapse as five services on Kafka, as the guide's last steps have it: the built programs and the command
// line. Invariant: each service is told what the guide tells it, and a port; nothing else.
import { join } from 'node:path';
import type { EventLog } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import type { KafkaForTests, Synapse } from '#libs/testing';
import { Program, type ProgramName } from '../program.js';
import { ADMIN_TOKEN, command, type Imported, type Part } from './rollcall-before.js';

const PARTITIONS = '2';
const STARTS = 5;

class Service implements Part {
  #program: Program | undefined;
  /** Starts that were refused, as a supervisor sees them. */
  refused = 0;

  constructor(
    readonly name: string,
    private readonly program: ProgramName,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${String(this.environment['HTTP_PORT'])}`;
  }

  async start(): Promise<void> {
    for (let left = STARTS; ; left -= 1) {
      this.#program = Program.start(this.program, this.environment);
      try {
        await this.#program.servingUrl();
        return;
      } catch (error) {
        if (left === 0 || !this.#program.hasEnded) throw error;
        this.refused += 1;
      }
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    await this.#program?.kill(signal);
  }
}

export interface OnKafka {
  readonly kafka: KafkaForTests;
  readonly synapse: Synapse;
  readonly folder: string;
  /** Five. */
  readonly ports: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
}

export class RollcallOnKafka {
  readonly parts: readonly Service[];
  readonly #log: Record<string, string>;

  constructor(private readonly options: OnKafka) {
    const { kafka, synapse, ports, environment } = options;
    this.#log = {
      KAFKA_BROKERS: kafka.brokers.join(','),
      TOPIC_PREFIX: kafka.prefix,
      PARTITIONS,
      DELIVERY_PARTITIONS: PARTITIONS,
      ...environment,
    };
    const gateway = { HOMESERVER_URL: synapse.url, ADMIN_TOKEN };
    const services: [string, ProgramName, Record<string, string>][] = [
      ['aggregator', 'aggregator', {}],
      ['fanout', 'fanout', {}],
      ['gateway 1', 'gateway', gateway],
      ['gateway 2', 'gateway', gateway],
      ['bridge', 'bridge', { BRIDGE_REGISTRATION_FILE: this.registrationFile }],
    ];
    this.parts = services.map(
      ([name, program, more], index) =>
        new Service(name, program, { ...this.#log, ...more, HTTP_PORT: String(ports[index]) }),
    );
  }

  get registrationFile(): string {
    return join(this.options.folder, 'rollcall.yaml');
  }

  get urls(): readonly string[] {
    return this.parts.filter(({ name }) => name.startsWith('gateway')).map(({ url }) => url);
  }

  get refusedStarts(): number {
    return this.parts.reduce((sum, { refused }) => sum + refused, 0);
  }

  get bridgeUrl(): string {
    return this.parts.at(-1)?.url ?? '';
  }

  async writeRegistration(bridgeUrl: string): Promise<void> {
    const words = ['--server-name', 'localhost', '--url', bridgeUrl, this.registrationFile];
    await this.#command({}, 'bridge', 'registration', ...words);
  }

  async start(): Promise<void> {
    await this.#command({}, 'topics', 'create');
    await Promise.all(this.parts.map((part) => part.start()));
  }

  async importRooms(adminToken: string): Promise<Imported> {
    const words = ['import', 'homeserver', this.options.synapse.url, '--json'];
    return JSON.parse(await this.#command({ HOMESERVER_ADMIN_TOKEN: adminToken }, ...words)) as Imported;
  }

  async read<T>(look: (log: EventLog, prefix: string) => Promise<T>): Promise<T> {
    const { brokers, prefix } = this.options.kafka;
    const log = await KafkaEventLog.connect({ brokers, clientId: 'rollcall-homeserver-test' });
    try {
      return await look(log, prefix);
    } finally {
      await log.close();
    }
  }

  #command(more: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<string> {
    return command(this.options.folder, { ...this.#log, ...more }, ...words);
  }
}
