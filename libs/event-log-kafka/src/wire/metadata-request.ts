// Metadata, version 12: brokers, and of topics their identity and the leaders of their partitions. kafkajs ends at
// version 6, which does not know topic ids: another id under the same name is another topic.
import { ByteReader, ByteWriter } from './bytes.js';
import type { WireRequest } from './link.js';

export interface TopicMetadata {
  readonly name: string;
  readonly id: string;
  readonly errorCode: number;
  /** Leader node by partition; −1 = none now. */
  readonly leaders: readonly number[];
}

export interface ClusterMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly topics: readonly TopicMetadata[];
}

const NO_TOPIC_ID = Buffer.alloc(16);
const NO_TAGS = 0;

function topicOf(reader: ByteReader): TopicMetadata {
  const errorCode = reader.int16();
  const name = reader.compactString() ?? '';
  const id = reader.take(NO_TOPIC_ID.length).toString('hex');
  reader.int8();
  const leaders: number[] = [];
  reader.compactArray(() => {
    reader.int16();
    const partition = reader.int32();
    leaders[partition] = reader.int32();
    reader.int32();
    for (let list = 0; list < 3; list += 1) reader.compactArray(() => reader.int32());
    reader.skipTags();
  });
  reader.int32();
  reader.skipTags();
  return { name, id, errorCode, leaders };
}

function decode(bytes: Buffer): ClusterMetadata {
  const reader = new ByteReader(bytes);
  reader.skipTags();
  reader.int32();
  const brokers = reader.compactArray(() => {
    const broker = { nodeId: reader.int32(), host: reader.compactString() ?? '', port: reader.int32() };
    reader.compactString();
    reader.skipTags();
    return broker;
  });
  reader.compactString();
  const controllerId = reader.int32();
  return { brokers, controllerId, topics: reader.compactArray(() => topicOf(reader)) };
}

/** `topics` undefined asks for all. Never creates a topic. */
export const metadataRequest = (topics: readonly string[] | undefined): WireRequest<ClusterMetadata> => ({
  request: {
    apiKey: 3,
    apiVersion: 12,
    apiName: 'Metadata',
    encode: async () => {
      const writer = new ByteWriter().unsigned(NO_TAGS).unsigned(topics === undefined ? 0 : topics.length + 1);
      for (const topic of topics ?? []) writer.bytes(NO_TOPIC_ID).compactString(topic).unsigned(NO_TAGS);
      return writer.int8(0).int8(0).unsigned(NO_TAGS).done();
    },
  },
  response: {
    decode: async (bytes) => ({ clientSideThrottleTime: 0, decoded: decode(bytes) }),
    parse: async ({ decoded }) => decoded,
  },
});
