// One connection to one broker, with kafkajs's requests on it. Invariant: a link is used until its connection ends and is
// never connected again: kafkajs would mix what is left of the old stream into the new one. Brokers answer a connection's
// requests one after the other, so whoever must not wait for others has a link of its own.
import Broker from 'kafkajs/src/broker/index.js';
import loggers from 'kafkajs/src/loggers/index.js';
import Connection from 'kafkajs/src/network/connection.js';
import socketFactory from 'kafkajs/src/network/socketFactory.js';
import type { KafkaLogger, Settings } from '../options.js';
import { isOfTheConnection } from './faults.js';
import { quietRequestQueues } from './quiet-queue.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A request as kafkajs's connection takes it. `encode` gives the bytes after the request's header. */
export interface WireRequest<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<{ buf: Buffer; buffer: Buffer }>;
  };
  readonly response: {
    decode(bytes: Buffer): Promise<{ readonly clientSideThrottleTime: number; readonly decoded: T }>;
    parse(result: { readonly decoded: T }): Promise<T>;
  };
}

/** kafkajs tells of every refused connection as an error; for us they are details of a fault that somebody else reports. */
export const kafkajsLogger = (logger: KafkaLogger): unknown =>
  loggers.createLogger({
    level: loggers.LEVELS.ERROR,
    logCreator:
      () =>
      ({ namespace, log }) => {
        const { message, broker } = log;
        logger.debug(`${namespace}: ${message}`, broker === undefined ? {} : { broker });
      },
  });

/** What kafkajs's Broker takes for its pool of connections: exactly one. */
class OneConnection {
  readonly sasl: unknown;
  readonly #connection: Connection;
  #connecting: Promise<Connection> | undefined;

  constructor(
    readonly host: string,
    readonly port: number,
    readonly connectionTimeout: number,
    options: Record<string, unknown>,
  ) {
    this.#connection = new Connection({ ...options, host, port, connectionTimeout });
    this.sasl = this.#connection.sasl;
  }

  isConnected(): boolean {
    return this.#connection.isConnected();
  }

  isAuthenticated(): boolean {
    return this.#connection.isAuthenticated();
  }

  setVersions(versions: unknown): void {
    this.#connection.setVersions(versions);
  }

  setSupportAuthenticationProtocol(isSupported: boolean): void {
    this.#connection.setSupportAuthenticationProtocol(isSupported);
  }

  getConnection(): Promise<Connection> {
    this.#connecting ??= this.#connection.connect().then(() => this.#connection);
    return this.#connecting;
  }

  async send(request: unknown): Promise<unknown> {
    return (await this.getConnection()).send(request);
  }

  async destroy(): Promise<void> {
    const { requestQueue, socket } = this.#connection;
    requestQueue.rejectAll(
      Object.assign(new Error('the connection was closed'), { name: 'KafkaJSConnectionClosedError' }),
    );
    await this.#connection.disconnect();
    socket?.destroy();
  }
}

export interface LinkOptions {
  readonly settings: Settings;
  readonly address: Address;
  readonly requestTimeoutMs: number;
  readonly logger: unknown;
  /** The broker has answered something. */
  readonly onAnswer: () => void;
}

export class Link {
  readonly #broker: Broker;
  readonly #pool: OneConnection;
  #closed = false;

  readonly #onAnswer: () => void;

  private constructor({ settings, address, requestTimeoutMs, logger, onAnswer }: LinkOptions) {
    this.#onAnswer = onAnswer;
    const { ssl, sasl, clientId, connectTimeoutMs } = settings;
    this.#pool = new OneConnection(address.host, address.port, connectTimeoutMs, {
      logger,
      socketFactory: socketFactory(),
      clientId,
      requestTimeout: requestTimeoutMs,
      ssl: ssl === true ? {} : ssl === false ? null : (ssl ?? null),
      sasl: sasl === undefined ? null : { ...sasl },
    });
    this.#broker = new Broker({ connectionPool: this.#pool, logger, allowAutoTopicCreation: false });
  }

  static async open(options: LinkOptions): Promise<Link> {
    quietRequestQueues();
    const link = new Link(options);
    try {
      await link.#broker.connect();
    } catch (error) {
      await link.close();
      throw error;
    }
    return link;
  }

  /** host:port */
  get address(): string {
    return `${this.#pool.host}:${this.#pool.port}`;
  }

  knows(apiKey: number, version: number): boolean {
    const range = this.#broker.versions?.[apiKey];
    return range !== undefined && range.minVersion <= version && version <= range.maxVersion;
  }

  get usable(): boolean {
    return !this.#closed && this.#broker.isConnected();
  }

  /** One of kafkajs's requests. A request without an answer ends the link: nobody knows what its connection still does. */
  async ask<T>(request: (broker: Broker) => Promise<T>): Promise<T> {
    try {
      const answer = await request(this.#broker);
      this.#onAnswer();
      return answer;
    } catch (error) {
      if (isOfTheConnection(error)) await this.close();
      throw error;
    }
  }

  /** A request that kafkajs's Broker does not have, or does slower. */
  send<T>(request: WireRequest<T>): Promise<T> {
    return this.ask(async () => (await this.#pool.send(request)) as T);
  }

  /** Requests under way fail. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.destroy();
  }
}
