// A trace from the PUT to whoever is told, through real processes on a real broker: its context in every record on the way, its
// spans at a collector, each the child of the one before, and a line in the gateway's journal. Without a collector nothing is
// made up: what the client sent goes through as it came.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeFrame, topicSpecs } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeKafka, type KafkaForTests } from '#libs/testing';
import { ADMIN_TOKEN, administratorAt, clientOf, kafkaEnvironment, topicsOf, userOf } from './engine-on-kafka.js';
import { endEverything, Program, until } from './program.js';

const START_MS = 180_000;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GIVEN = `00-${TRACE}-${SPAN}-01`;
const [ALICE, BOB] = [userOf('alice'), userOf('bob')];

jest.setTimeout(START_MS);
afterAll(endEverything);

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

/** As an operator's collector takes them: OTLP over HTTP, as JSON. */
class Collector {
  readonly spans: Span[] = [];
  private constructor(private readonly server: Server) {}

  static async open(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        collector.#take(JSON.parse(text) as Exported);
        response.writeHead(request.url === '/v1/traces' ? 200 : 404).end('{}');
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return collector;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  of(traceId: string): Span[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  #take({ resourceSpans }: Exported): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const { spans } of scopeSpans) this.spans.push(...spans.map((span) => ({ ...span, service })));
    }
  }
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

/** Aggregator, fan-out and gateway, with a room that alice and bob share. */
class Deployment {
  constructor(
    readonly log: KafkaEventLog,
    readonly topics: ReturnType<typeof topicsOf>,
    readonly gateway: Program,
    readonly url: string,
  ) {}

  static async start(kafka: KafkaForTests, more: Readonly<Record<string, string>>): Promise<Deployment> {
    const environment = { ...kafkaEnvironment(kafka, ['alice', 'bob'], 1), ...more };
    const log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'tracing-test' });
    await log.createTopics(topicSpecs({ prefix: kafka.prefix, partitions: 1, deliveryPartitions: 1 }));
    // A fan-out that starts at the end of what there is tells it again, without its trace.
    const engine = [Program.start('aggregator', environment), Program.start('fanout', environment)];
    await Promise.all(engine.map((service) => service.readyUrl()));
    const gateway = Program.start('gateway', { ...environment, LOG_LEVEL: 'debug' });
    const deployment = new Deployment(log, topicsOf(kafka), gateway, await gateway.servingUrl());
    await administratorAt(deployment.url).share('!tracing:localhost', ALICE, BOB);
    return deployment;
  }

  /** Bob's /sync from a token, until it tells a message of alice's. */
  async bobIsTold(since: string, message: string): Promise<void> {
    const bob = clientOf(this.url, 'bob');
    let token = since;
    await until(`bob to be told ${message}`, async () => {
      const { nextBatch, presence } = await bob.sync({ since: token, timeout: '1000' });
      token = nextBatch;
      return presence.some(({ content }) => content['status_msg'] === message) ? true : undefined;
    });
  }

  async putTraced(path: string, body: object, traceparent?: string, token = 'token-of-alice'): Promise<number> {
    const traced = traceparent === undefined ? {} : { traceparent };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...traced };
    const answer = await fetch(this.url + path, { method: 'PUT', headers, body: JSON.stringify(body) });
    return answer.status;
  }

  /** The trace contexts of records whose value holds a text, in order. */
  async traced(
    topic: 'activity' | 'commands' | 'changes' | 'states',
    holding: string,
  ): Promise<(string | undefined)[]> {
    const found = await this.#records(this.topics[topic]);
    return found.filter(({ value }) => String(value).includes(holding)).map(({ headers }) => headers?.['traceparent']);
  }

  /** Those of frame entries that tell bob of a message. */
  async tracedEntries(message: string): Promise<(string | undefined)[]> {
    const found = await this.#records(this.topics.deliveries);
    return found.flatMap(({ value }) => {
      const frame = decodeFrame(String(value));
      if (!frame.ok) throw new Error(frame.reason);
      const told = frame.record.entries.filter(
        (entry) => entry.kind === 'shown' && entry.view.statusMsg === message && entry.to.includes(BOB as never),
      );
      return told.map(({ traceparent }) => traceparent);
    });
  }

  async #records(topic: string): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    const [end = 0] = await this.log.ends(topic);
    for await (const batch of this.log.read(topic, 0, 0, end)) records.push(...batch.records);
    return records;
  }
}

const STATUS = `/_matrix/client/v3/presence/${encodeURIComponent(ALICE)}/status`;
const spanOf = (traceparent: string | undefined): string => traceparent?.slice(36, 52) ?? 'none';

describeKafka('a trace on Kafka, with a collector', (kafka) => {
  let collector: Collector;
  let deployed: Deployment;

  beforeAll(async () => {
    collector = await Collector.open();
    deployed = await Deployment.start(kafka(), { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.endpoint}/` });
  }, START_MS);
  afterAll(async () => {
    collector.close();
    await deployed.log.close();
  });

  it('goes from the PUT through command, change, state and frame to whoever is told', async () => {
    const { nextBatch } = await clientOf(deployed.url, 'bob').sync();
    expect(await deployed.putTraced(STATUS, { presence: 'online', status_msg: 'traced' }, GIVEN)).toBe(200);
    await deployed.bobIsTold(nextBatch, 'traced');
    const spans = await until('four spans', () => {
      const found = collector.of(TRACE);
      return found.length >= 4 ? found : undefined;
    });
    const [put, fold, tell, deliver] = [
      'PUT presence status',
      'presence fold',
      'presence tell',
      'presence deliver',
    ].map((name) => spans.find((span) => span.name === name));
    expect([put, fold, tell, deliver].map((span) => [span?.service, span?.parentSpanId])).toEqual([
      ['rollcall-gateway', SPAN],
      ['rollcall-aggregator', put?.spanId],
      ['rollcall-fanout', fold?.spanId],
      ['rollcall-gateway', tell?.spanId],
    ]);
    const records = [await deployed.traced('commands', 'traced'), await deployed.traced('changes', 'traced')];
    expect(records.map(([first]) => spanOf(first))).toEqual([put?.spanId, fold?.spanId]);
    expect(spanOf((await deployed.traced('states', 'traced'))[0])).toBe(fold?.spanId);
    expect(spanOf((await deployed.tracedEntries('traced'))[0])).toBe(tell?.spanId);
    const line = deployed.gateway.stderr.split('\n').find((one) => one.includes('"msg":"told"') && one.includes(BOB));
    expect(JSON.parse(String(line))).toMatchObject({
      sender: ALICE,
      recipient: BOB,
      traceparent: expect.stringContaining(TRACE),
    });
  });

  it('begins at the gateway where the client brings none', async () => {
    expect(await deployed.putTraced(STATUS, { presence: 'online', status_msg: 'begun here' })).toBe(200);
    const [begun = ''] = await deployed.traced('commands', 'begun here');
    expect(begun).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    const [first] = await until('its spans', () => {
      const found = collector.of(begun.slice(3, 35));
      return found.length >= 3 ? found.filter(({ name }) => name.startsWith('PUT')) : undefined;
    });
    expect(first).toMatchObject({ service: 'rollcall-gateway', spanId: spanOf(begun) });
    expect(first?.parentSpanId).toBeUndefined();
  });
});

describeKafka('a trace on Kafka, without a collector', (kafka) => {
  let deployed: Deployment;

  beforeAll(async () => {
    deployed = await Deployment.start(kafka(), { OFFLINE_AFTER_MS: '3000', BUSY_OFFLINE_AFTER_MS: '3000' });
  }, START_MS);
  afterAll(() => deployed.log.close());

  it('goes through as it came, and is never made up', async () => {
    const { nextBatch } = await clientOf(deployed.url, 'bob').sync();
    expect(await deployed.putTraced(STATUS, { presence: 'online', status_msg: 'plain' })).toBe(200);
    expect(await deployed.putTraced(STATUS, { presence: 'online', status_msg: 'broken' }, 'nonsense')).toBe(200);
    expect(await deployed.putTraced(STATUS, { presence: 'online', status_msg: 'carried' }, GIVEN)).toBe(200);
    await deployed.bobIsTold(nextBatch, 'carried');
    for (const [message, traceparent] of [['plain'], ['broken'], ['carried', GIVEN]] as const) {
      expect(await deployed.traced('commands', message)).toEqual([traceparent]);
      expect((await deployed.traced('changes', `"status_msg":"${message}","currently_active":true`))[0]).toBe(
        traceparent,
      );
    }
    expect((await deployed.tracedEntries('carried'))[0]).toBe(GIVEN);
  });

  it('ends where a timer makes the change', async () => {
    const offline = await until('the span of the PUT to end', async () => {
      const found = await deployed.traced('changes', '"presence":"offline","status_msg":"carried"');
      return found.length > 0 ? found : undefined;
    });
    expect(offline).toEqual([undefined]);
  });

  it('comes by the other doors that write as well', async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, traceparent: GIVEN };
    const active = JSON.stringify({ type: 'device.active', user_id: ALICE, device_id: 'by-post' });
    const posted = await fetch(`${deployed.url}/_rollcall/v1/activity`, { method: 'POST', headers, body: active });
    expect(posted.status).toBe(200);
    const override = STATUS.replace('/status', '/override');
    expect(await deployed.putTraced(override, { presence: 'busy' }, GIVEN, ADMIN_TOKEN)).toBe(200);
    expect(await deployed.traced('activity', 'by-post')).toEqual([GIVEN]);
    expect(await deployed.traced('commands', 'presence.override')).toEqual([GIVEN]);
  });
});
