// The configuration of a process as the code sees it: typed, checked, grouped by who needs it. Invariant: nobody else reads
// the environment. It stands apart from the variables so that names may be mended without touching any reader.

export interface PolicyConfiguration {
  readonly idleAfterMs: number;
  readonly activeForMs: number;
  readonly offlineAfterMs: number;
  readonly busyOfflineAfterMs: number;
  readonly maxLeaseMs: number;
}

export interface TopicsConfiguration {
  readonly prefix: string;
  readonly partitions: number;
  readonly deliveryPartitions: number;
}

export type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** Structurally what the Kafka adapter is opened with. */
export interface KafkaConfiguration {
  readonly brokers: readonly string[];
  /** Begins the client ids in the broker's logs. */
  readonly clientId: string;
  /** Absent = plaintext. Contents of PEM files. */
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
  /** Absent = min(3, brokers). */
  readonly replicationFactor?: number;
}

export interface HttpConfiguration {
  readonly host: string;
  /** 0 = any free port. Absent (aggregator and fan-out only) = serve nothing. */
  readonly port?: number;
}

/** Tokens that are asked about at an OAuth 2.0 server (RFC 7662). */
export interface IntrospectionConfiguration {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userClaim: string;
  /** A token without it is refused. */
  readonly scope?: string;
}

/** Tokens that are JWTs, checked here. */
export interface JwtConfiguration {
  readonly issuer: string;
  readonly audience: string;
  readonly userClaim: string;
  readonly deviceClaim: string;
  /** The JWK set: at a URL, or the text of JWKS_FILE. */
  readonly keys: { readonly url: string } | { readonly text: string };
}

export interface GatewayConfiguration {
  readonly busyName: 'unstable' | 'stable';
  /** A small simulated town is awake from the start; only where development tokens are accepted. */
  readonly demo?: true;
  readonly putPerSecond: number;
  readonly putBurst: number;
  readonly adminToken?: string;
  readonly staticTokensFile?: string;
  /** Base URL asked `/_matrix/client/v3/account/whoami`; HOMESERVER_URL when WHOAMI_URL is not set. */
  readonly whoamiUrl?: string;
  readonly introspection?: IntrospectionConfiguration;
  readonly jwt?: JwtConfiguration;
  /** The homeserver of users of whom a token says only the localpart. */
  readonly serverName?: string;
  readonly tokenCacheMs: number;
  readonly tokenStaleMs: number;
  /** The homeserver that the gateway stands in front of. */
  readonly homeserver?: {
    readonly url: string;
    readonly upstreamPollMs: number;
    /** Presence as an extension of sliding sync, which no specification has yet. */
    readonly slidingSyncPresence: boolean;
  };
}

export interface FanoutConfiguration {
  readonly maxRoomMembers: number;
  readonly maxRecipientTopics: number;
}

export interface AggregatorConfiguration {
  /** ACCEPT_LOSS: go on when retention has taken inputs that were never folded, and record the loss. */
  readonly acceptLoss: boolean;
  /** From one snapshot of all registers to the next. */
  readonly snapshotEveryMs: number;
}

/** The application service by which a homeserver tells who is where and does what. */
export interface BridgeConfiguration {
  /** Path of its registration file. */
  readonly registrationFile: string;
  /** Paths of other application services' registration files: what their users do is nobody's activity. */
  readonly otherRegistrationFiles: readonly string[];
}

/** Which rooms of a homeserver share presence, for the bridge and for the import. */
export interface RoomRulesConfiguration {
  /** Whether a room that anybody may join shares presence. */
  readonly publicRooms: 'share' | 'withhold';
  /** Globs of room ids, whatever their join rule; withholding outranks sharing. */
  readonly withheld: readonly string[];
  readonly shared: readonly string[];
}

/** Where spans go. */
export interface TracingConfiguration {
  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP. */
  readonly endpoint: string;
  readonly serviceName: string;
  /** The share of requests without a trace context for which a trace begins. */
  readonly ratio: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface Configuration {
  /** Absent = the embedded log in `dataDirectory`. */
  readonly kafka?: KafkaConfiguration;
  readonly dataDirectory: string;
  readonly topics: TopicsConfiguration;
  readonly http: HttpConfiguration;
  readonly policy: PolicyConfiguration;
  readonly gateway: GatewayConfiguration;
  readonly fanout: FanoutConfiguration;
  readonly aggregator: AggregatorConfiguration;
  /** Absent = no homeserver feeds this process. */
  readonly bridge?: BridgeConfiguration;
  readonly roomRules: RoomRulesConfiguration;
  /** Absent = trace contexts are passed on, and no span is made. */
  readonly tracing?: TracingConfiguration;
  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;
}

/** The process that reads its configuration: some variables are required of some only. */
export type ProcessName = 'standalone' | 'gateway' | 'aggregator' | 'fanout' | 'bridge' | 'command line';

/** Topic names, groups and all the rest come from these defaults when the environment says nothing. */
export const DEFAULT_HTTP_PORT = 8090;
