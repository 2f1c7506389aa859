// A whole process in a test: Nest, the transport strategy on the in-memory log, HTTP, and the ordered stop.

import { MemoryEventLog, type EventLog, type GroupMember, type RecordBatch } from '#libs/event-log';
import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { once } from 'node:events';
import { connect } from 'node:net';
import { readConfiguration } from './configuration/read.js';
import { HealthRegistry } from './observing/health.js';
import { Journal } from './observing/journal.js';
import { serve, type RunningProcess } from './serve.js';
import { ShutdownSequence } from './shutdown.js';
import { EVENT_LOG } from './tokens.js';
import { LogSubscriptions, type GroupOwner, type TailStart } from './transport/subscriptions.js';

const TOPIC = 'test.letters';
const TAILED = 'test.notes';

async function openLog(): Promise<EventLog> {
  const log = new MemoryEventLog();
  const shape = { partitions: 1, cleanup: 'delete', timestamps: 'append' } as const;
  await log.createTopics([TOPIC, TAILED].map((name) => ({ name, ...shape })));
  return log;
}

/** An app as the others are: an owner, and handlers that enqueue. */
@Injectable()
class Reader implements GroupOwner {
  readonly seen: string[] = [];
  poison: Error | undefined;
  /** Resolved when the tail may go on. */
  noteGate: Promise<void> = Promise.resolve();
  #member: GroupMember | undefined;

  constructor(
    @Inject(LogSubscriptions) subscriptions: LogSubscriptions,
    @Inject(HealthRegistry) health: HealthRegistry,
    @Inject(ShutdownSequence) shutdown: ShutdownSequence,
  ) {
    subscriptions.group({ group: 'test.readers', topics: new Map([[TOPIC, 'reader.letters']]), owner: this });
    subscriptions.tail({
      name: 'notes',
      topics: new Map([[TAILED, 'reader.notes']]),
      owner: {
        startAt: (): TailStart => new Map([[TAILED, 'start' as const]]),
        opened: () => this.seen.push('opened'),
      },
    });
    health.readiness('reader', () => (this.#member === undefined ? 'no partitions yet' : undefined));
    shutdown.step('finish', 'reader', () => void this.seen.push('finished'));
  }

  joined(member: GroupMember): void {
    this.#member = member;
    this.seen.push('joined');
  }

  assigned(partitions: readonly number[]): void {
    this.seen.push(`assigned ${partitions.join()}`);
    for (const partition of partitions) this.#member?.seek(TOPIC, partition, 0);
  }

  revoked(partitions: readonly number[]): void {
    this.seen.push(`revoked ${partitions.join()}`);
  }

  failed(error: Error): void {
    this.seen.push(`failed ${error.message}`);
  }
}

@Controller()
class Letters {
  constructor(@Inject(Reader) private readonly reader: Reader) {}

  @EventPattern<string>('reader.letters')
  take(@Payload() batch: RecordBatch): void {
    if (this.reader.poison !== undefined) throw this.reader.poison;
    for (const { value } of batch.records) this.reader.seen.push(String(value));
  }

  @EventPattern<string>('reader.notes')
  async note(@Payload() batch: RecordBatch): Promise<void> {
    for (const { value } of batch.records) this.reader.seen.push(`begin ${String(value)}`);
    await this.reader.noteGate;
    for (const { value } of batch.records) this.reader.seen.push(`end ${String(value)}`);
  }
}

@Module({})
class ReaderModule {}

interface World {
  readonly running: RunningProcess;
  readonly reader: Reader;
  readonly log: EventLog;
}

async function start(controllers = [Letters], environment: Record<string, string> = {}): Promise<World> {
  const log = await openLog();
  const { configuration } = readConfiguration({ HTTP_PORT: '0', LOG_LEVEL: 'silent', ...environment }, 'standalone');
  const module = {
    module: ReaderModule,
    global: true,
    controllers,
    providers: [Reader, { provide: EVENT_LOG, useValue: log }],
    exports: [EVENT_LOG],
  };
  const running = await serve({ configuration, journal: Journal.silent(), module: () => module });
  return { running, reader: running.app.get(Reader, { strict: false }), log };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !holds(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  if (!holds()) throw new Error('never came true');
}

describe('a process', () => {
  it('hands batches to Nest handlers, after joining and assignment, and stops in order', async () => {
    const { running, reader, log } = await start();
    await log.append(TOPIC, [
      { key: 'a', value: 'one' },
      { key: 'a', value: 'two' },
    ]);
    await until(() => reader.seen.includes('two'));
    await until(() => reader.seen.includes('assigned 0'));
    expect(reader.seen.filter((word) => word !== 'opened')).toEqual(['joined', 'assigned 0', 'one', 'two']);
    expect(await running.stop()).toBe('finished');
    expect(reader.seen.indexOf('finished')).toBeGreaterThan(0);
  });

  it("waits for a tail's handler before it reads on", async () => {
    const { running, reader, log } = await start();
    let open: () => void = () => undefined;
    reader.noteGate = new Promise((resolve) => (open = resolve));
    await log.append(TAILED, [{ key: null, value: 'one' }]);
    await until(() => reader.seen.includes('begin one'));
    await log.append(TAILED, [{ key: null, value: 'two' }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reader.seen).not.toContain('begin two');
    open();
    await until(() => reader.seen.includes('end two'));
    expect(reader.seen.filter((word) => word.includes(' one') || word.includes(' two'))).toEqual([
      'begin one',
      'end one',
      'begin two',
      'end two',
    ]);
    await running.stop();
  });

  it('gives up with the very error that a handler threw', async () => {
    const { running, reader, log } = await start();
    const given: Error[] = [];
    running.surroundings.supervisor.onGivenUp((reason) => given.push(reason));
    reader.poison = new RangeError('record 7 of test.letters cannot be digested');
    await log.append(TOPIC, [{ key: 'a', value: 'one' }]);
    await until(() => given.length > 0);
    expect(given).toEqual([reader.poison]);
    await running.stop();
  });

  it('refuses to listen when a topic has no handler', async () => {
    await expect(start([])).rejects.toThrow(
      'no handler has the pattern reader.letters, which topic test.letters is subscribed with',
    );
  });

  it('does not wait, when it stops, for connections that never sent a request', async () => {
    const { running } = await start();
    const unused = connect({ host: '127.0.0.1', port: Number(new URL(String(running.url)).port) });
    await once(unused, 'connect');
    const closed = once(unused, 'close');
    expect(await running.stop()).toBe('finished');
    await closed;
  });

  it('answers probes and scrapes, and is not ready once it stops', async () => {
    const { running } = await start();
    const url = String(running.url);
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ well: true, checks: { process: 'ok', reader: 'ok' } });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    expect(await metrics.text()).toContain('nodejs_eventloop_lag_seconds');
    await running.stop();
    expect(running.surroundings.health.ready().checks['process']).toBe('the process is stopping');
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('closes what it opened when a port is taken', async () => {
    const first = await start();
    const port = new URL(String(first.running.url)).port;
    await expect(start([Letters], { HTTP_PORT: port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.running.stop();
  });
});
