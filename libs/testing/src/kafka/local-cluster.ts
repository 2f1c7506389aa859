// A cluster of one or three local KRaft nodes in a folder of its own. Invariant: `close` ends every node and removes the
// folder. Tests that break brokers start one of these; tests that only use a broker share one (checkout-broker.ts).
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { PassingFolder } from '../passing-folder.js';
import { freePort, freePorts } from './free-ports.js';
import { kafkaClassPath } from './jars.js';
import { makeKeyStore } from './key-store.js';
import { LocalNode, type NodeRun, prepareNode } from './local-node.js';
import { LOCAL_USERS, type NodePlan, type NodePorts } from './node-properties.js';

export interface ClusterOptions {
  readonly nodes?: 1 | 3;
  /** Adds SASL and TLS listeners. */
  readonly secure?: boolean;
  /** 'broker' leaves Kafka's own group settings: for measuring fail-over. Default 'test'. */
  readonly groupSettings?: 'test' | 'broker';
  /** Where the first node listens, if the port is free. Default: any. */
  readonly port?: number;
  readonly heapMb?: number;
  readonly speed?: 'quick' | 'fast';
  /** More server properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface SecureListeners {
  readonly sasl: readonly string[];
  readonly tls: readonly string[];
  readonly saslTls: readonly string[];
  /** PEM, to be trusted by clients of the TLS listeners. */
  readonly certificate: string;
  readonly users: typeof LOCAL_USERS;
}

/** A cluster id as Kafka's tools make it: 16 random bytes in base64url, not beginning with a dash. */
export function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

const PORTS_A_NODE = 5;

/** `wished`: the plain port of the first node, if it is free. */
export async function portsOf(nodes: number, wished?: number): Promise<NodePorts[]> {
  const ports = await freePorts(nodes * PORTS_A_NODE);
  if (wished !== undefined) ports[0] = await freePort(wished);
  return Array.from({ length: nodes }, (_, index) => {
    const [plain = 0, controller = 0, sasl = 0, tls = 0, saslTls = 0] = ports.slice(index * PORTS_A_NODE);
    return { plain, controller, sasl, tls, saslTls };
  });
}

export class LocalCluster {
  private constructor(
    readonly nodes: readonly LocalNode[],
    readonly secure: SecureListeners | undefined,
    private readonly passing: PassingFolder,
  ) {}

  get folder(): string {
    return this.passing.path;
  }

  get brokers(): string[] {
    return this.nodes.map((node) => node.broker);
  }

  /** Starts the nodes; throws what is missing (Java, Maven) in a sentence. */
  static async start(options: ClusterOptions = {}): Promise<LocalCluster> {
    const classPath = await kafkaClassPath();
    if (typeof classPath !== 'string') throw new Error(classPath.reason);
    const folder = new PassingFolder('kafka');
    const { nodes: count = 1, heapMb = count === 1 ? 512 : 384, speed = 'quick' } = options;
    const run: NodeRun = { classPath, clusterId: newClusterId(), heapMb, speed };
    const keys = options.secure === true ? await makeKeyStore(folder.path) : undefined;
    const ports = await portsOf(count, options.port);
    const voters = ports.map(({ controller }, index) => ({ id: index + 1, controllerPort: controller }));
    const plans = ports.map((own, index): NodePlan => ({
      id: index + 1,
      folder: join(folder.path, `node-${index + 1}`),
      ports: own,
      voters,
      groupSettings: options.groupSettings ?? 'test',
      extra: options.properties ?? {},
      ...(keys === undefined ? {} : { keyStore: keys }),
    }));
    const nodes = await Promise.all(plans.map(async (plan) => new LocalNode(plan, run, await prepareNode(plan, run))));
    const cluster = new LocalCluster(nodes, keys && secureListeners(ports, keys.certificate), folder);
    try {
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    this.passing.remove();
  }
}

const secureListeners = (ports: readonly NodePorts[], certificate: string): SecureListeners => ({
  sasl: ports.map(({ sasl }) => `127.0.0.1:${sasl}`),
  tls: ports.map(({ tls }) => `127.0.0.1:${tls}`),
  saslTls: ports.map(({ saslTls }) => `127.0.0.1:${saslTls}`),
  certificate,
  users: LOCAL_USERS,
});
