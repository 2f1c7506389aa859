// The server.properties of a local KRaft node. Pure: ports, folders and wishes in, text out. Small internal topics, and
// group settings made for tests unless the broker's own defaults are asked for (where fail-over is measured).

export interface NodePorts {
  readonly plain: number;
  readonly controller: number;
  readonly sasl: number;
  readonly tls: number;
  readonly saslTls: number;
}

export interface KeyStore {
  readonly file: string;
  readonly password: string;
}

export interface NodePlan {
  readonly id: number;
  readonly folder: string;
  readonly ports: NodePorts;
  /** All nodes of the cluster. */
  readonly voters: readonly { readonly id: number; readonly controllerPort: number }[];
  /** Adds SASL, TLS and SASL over TLS listeners. */
  readonly keyStore?: KeyStore;
  /** 'test': no initial rebalance delay, short sessions allowed. 'broker': Kafka's own. */
  readonly groupSettings: 'test' | 'broker';
  readonly extra: Readonly<Record<string, string>>;
}

/** Users of the SASL listeners: alice by PLAIN and by SCRAM, bob by SCRAM only. */
export const LOCAL_USERS = { alice: 'alice-secret', bob: 'bob-secret' } as const;

const listenerLines = ({ ports, keyStore }: NodePlan): Record<string, string> => {
  const named: Record<string, number> = { PLAINTEXT: ports.plain };
  if (keyStore !== undefined) Object.assign(named, { SASL: ports.sasl, TLS: ports.tls, SASLTLS: ports.saslTls });
  const advertised = Object.entries(named).map(([name, port]) => `${name}://127.0.0.1:${port}`);
  return {
    listeners: [...advertised, `CONTROLLER://127.0.0.1:${ports.controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SASLTLS:SASL_SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
  };
};

const securityLines = ({ keyStore }: NodePlan): Record<string, string> => {
  if (keyStore === undefined) return {};
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="${LOCAL_USERS.alice}";`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const lines: Record<string, string> = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keyStore.file,
    'ssl.keystore.password': keyStore.password,
    'ssl.key.password': keyStore.password,
  };
  for (const listener of ['sasl', 'sasltls']) {
    lines[`listener.name.${listener}.plain.sasl.jaas.config`] = plain;
    lines[`listener.name.${listener}.scram-sha-256.sasl.jaas.config`] = scram;
    lines[`listener.name.${listener}.scram-sha-512.sasl.jaas.config`] = scram;
  }
  return lines;
};

const groupLines = ({ groupSettings }: NodePlan): Record<string, string> =>
  groupSettings === 'broker'
    ? {}
    : {
        'group.initial.rebalance.delay.ms': '0',
        'group.min.session.timeout.ms': '1000',
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
      };

export function nodeProperties(plan: NodePlan): string {
  const replicas = String(Math.min(3, plan.voters.length));
  const quorum = String(plan.voters.length >= 3 ? 2 : 1);
  const lines: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(plan.id),
    'controller.quorum.voters': plan.voters
      .map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`)
      .join(','),
    'log.dirs': `${plan.folder}/log`,
    ...listenerLines(plan),
    ...securityLines(plan),
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': quorum,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': quorum,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'auto.create.topics.enable': 'false',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '16777216',
    'log.cleaner.backoff.ms': '500',
    ...groupLines(plan),
    ...plan.extra,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
