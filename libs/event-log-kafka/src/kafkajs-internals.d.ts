// The parts of kafkajs 2.2.4 below its public interface that this room uses: connection, authentication, the requests of
// a broker. Typed as far as used. The version is pinned exactly; every suite on a broker fails when a new one moves them.
declare module 'kafkajs/src/network/connection.js' {
  export default class Connection {
    constructor(options: Record<string, unknown>);
    readonly sasl: unknown;
    isConnected(): boolean;
    isAuthenticated(): boolean;
    connect(): Promise<unknown>;
    disconnect(): Promise<unknown>;
    setVersions(versions: unknown): void;
    setSupportAuthenticationProtocol(isSupported: boolean): void;
    send(protocolRequest: unknown): Promise<unknown>;
    readonly requestQueue: { rejectAll(error: Error): void };
    readonly socket: import('node:net').Socket | undefined;
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    pending: unknown[];
    inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>;
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    requestTimeoutIntervalId: NodeJS.Timeout;
    enforceRequestTimeout: boolean;
    isConnected: () => boolean;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
    scheduleRequestTimeoutCheck(): void;
    destroy(): void;
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function socketFactory(): unknown;
}

declare module 'kafkajs/src/loggers/index.js' {
  interface Entry {
    readonly namespace: string;
    readonly level: number;
    readonly log: { readonly message: string; readonly [name: string]: unknown };
  }
  const loggers: {
    createLogger(options: { level: number; logCreator: (level: number) => (entry: Entry) => void }): unknown;
    readonly LEVELS: { readonly NOTHING: number; readonly ERROR: number; readonly DEBUG: number };
  };
  export default loggers;
}

declare module 'kafkajs/src/protocol/error.js' {
  const protocolErrors: {
    createErrorFromCode(
      code: number,
    ): Error & { readonly type: string; readonly code: number; readonly retriable: boolean };
  };
  export default protocolErrors;
}

declare module 'kafkajs/src/consumer/assignerProtocol.js' {
  const assignerProtocol: {
    readonly MemberMetadata: {
      encode(metadata: { version: number; topics: readonly string[]; userData: Buffer }): Buffer;
      decode(buffer: Buffer): { version: number; topics: string[]; userData: Buffer };
    };
    readonly MemberAssignment: {
      encode(assignment: {
        version: number;
        assignment: Readonly<Record<string, readonly number[]>>;
        userData: Buffer;
      }): Buffer;
      decode(buffer: Buffer): { assignment: Record<string, number[]> } | null;
    };
  };
  export default assignerProtocol;
}

declare module 'kafkajs/src/broker/index.js' {
  interface TopicPartitions {
    readonly topic: string;
    readonly partitions: readonly number[];
  }
  interface OffsetsOfTopic {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string | null;
    }[];
  }
  interface InTransaction {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
  }
  export default class Broker {
    constructor(options: {
      connectionPool: unknown;
      logger: unknown;
      nodeId?: number;
      authenticationTimeout?: number;
      allowAutoTopicCreation: false;
    });
    isConnected(): boolean;
    /** Known once it is connected: of each request's key the versions that the broker takes. */
    readonly versions: Readonly<
      Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>
    > | null;
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    findGroupCoordinator(request: {
      groupId: string;
      coordinatorType: 0 | 1;
    }): Promise<{ coordinator: { nodeId: number; host: string; port: number } }>;
    listOffsets(request: {
      replicaId: -1;
      isolationLevel: 0 | 1;
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
      }[];
    }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
    joinGroup(request: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }): Promise<{
      generationId: number;
      leaderId: string;
      memberId: string;
      members: { memberId: string; memberMetadata: Buffer }[];
    }>;
    syncGroup(request: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    }): Promise<{ memberAssignment: Buffer }>;
    heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
    leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
    offsetCommit(request: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      topics: readonly OffsetsOfTopic[];
    }): Promise<unknown>;
    describeGroups(request: { groupIds: readonly string[] }): Promise<{ groups: { members: readonly unknown[] }[] }>;
    offsetFetch(request: {
      groupId: string;
      topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[];
    }): Promise<{
      responses: { topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[];
    }>;
    initProducerId(request: {
      transactionalId?: string;
      transactionTimeout: number;
    }): Promise<{ producerId: string; producerEpoch: number }>;
    addPartitionsToTxn(request: InTransaction & { topics: readonly TopicPartitions[] }): Promise<unknown>;
    addOffsetsToTxn(request: InTransaction & { groupId: string }): Promise<unknown>;
    txnOffsetCommit(request: InTransaction & { groupId: string; topics: readonly OffsetsOfTopic[] }): Promise<unknown>;
    endTxn(request: InTransaction & { transactionResult: boolean }): Promise<unknown>;
    createTopics(request: {
      topics: readonly {
        topic: string;
        numPartitions: number;
        replicationFactor: number;
        configEntries: readonly { name: string; value: string }[];
      }[];
      timeout: number;
    }): Promise<unknown>;
    deleteTopics(request: { topics: readonly string[]; timeout: number }): Promise<unknown>;
    describeConfigs(request: {
      resources: readonly { type: number; name: string; configNames: readonly string[] }[];
    }): Promise<{
      resources: { resourceName: string; configEntries: { configName: string; configValue: string }[] }[];
    }>;
  }
}

declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
  }
}

declare module 'kafkajs/src/protocol/recordBatch/crc32C/index.js' {
  export default function crc32C(bytes: Uint8Array): number;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  export default function decodeRecordBatch(decoder: unknown): Promise<{
    records: { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null }[];
  }>;
}
