// The AsyncAPI 3 document of the topics, made from the schemas that decode. Invariant: it holds no sentence about a
// record that the decoders do not share.
import { topicNames, type TopicWord } from '../topics/topic-names.js';
import { topicSpecs, type TopicShape } from '../topics/topic-specs.js';
import { CHANNELS } from './channels.js';
import { type RecordSchema, recordSchemas } from './record-schemas.js';

type Json = Readonly<Record<string, unknown>>;

const KAFKA_BINDING = '0.5.0';
/** The one message that is no record of ours: any bytes. */
const REJECTED = 'rejected';

/** A JSON value; the prefix is the deployment's `TOPIC_PREFIX`. */
export function asyncApiDocument(prefix: string): Json {
  const records = recordSchemas();
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Rollcall',
      version: '1.0.0',
      description: 'An event-sourced presence engine: its topics, keys and records.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(words().map((word) => [word, channel(word, prefix, records)])),
    operations: Object.fromEntries(words().map((word) => [operationName(word), operation(word)])),
    components: {
      messages: {
        ...Object.fromEntries(records.map((record) => [messageName(record), message(record)])),
        [REJECTED]: rejectedMessage(),
      },
    },
  };
}

function words(): (TopicWord | 'to')[] {
  return Object.keys(CHANNELS) as (TopicWord | 'to')[];
}

function messageName({ type, v }: RecordSchema): string {
  return v === undefined ? type : `${type}.v${v}`;
}

function operationName(word: TopicWord | 'to'): string {
  return `${CHANNELS[word].action}-${word}`;
}

function channel(word: TopicWord | 'to', prefix: string, records: readonly RecordSchema[]): Json {
  const { also = [] } = CHANNELS[word];
  const stands = ({ topic, type }: RecordSchema): boolean => topic === word || also.includes(type);
  const own = word === 'rejected' ? [REJECTED] : records.filter(stands).map(messageName);
  const messages = Object.fromEntries(own.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
  const text = { summary: CHANNELS[word].summary, messages };
  if (word === 'to') {
    const recipient = {
      description: 'The user id; only A-Z, a-z and 0-9 stand for themselves, every other byte is -XX in hexadecimal.',
    };
    return { address: `${topicNames(prefix).recipientPrefix}{recipient}`, ...text, parameters: { recipient } };
  }
  const spec = topicSpecs({ prefix, partitions: 1, deliveryPartitions: 1 }).find(
    ({ name }) => name === topicNames(prefix)[word],
  );
  return {
    address: topicNames(prefix)[word],
    ...text,
    ...(spec === undefined ? {} : { bindings: topicBinding(spec) }),
  };
}

function topicBinding(spec: TopicShape): Json {
  const topicConfiguration = { 'cleanup.policy': [spec.cleanup], 'retention.ms': spec.retentionMs ?? -1 };
  return { kafka: { topic: spec.name, topicConfiguration, bindingVersion: KAFKA_BINDING } };
}

function operation(word: TopicWord | 'to'): Json {
  return { action: CHANNELS[word].action, channel: { $ref: `#/channels/${word}` }, summary: CHANNELS[word].summary };
}

function message(record: RecordSchema): Json {
  return {
    name: record.type,
    title: messageName(record),
    summary: record.schema['description'] ?? CHANNELS[record.topic].summary,
    contentType: 'application/json',
    payload: record.schema,
    ...around(record.topic),
  };
}

function rejectedMessage(): Json {
  const { summary } = CHANNELS.rejected;
  return { name: REJECTED, title: REJECTED, summary, contentType: 'application/octet-stream', ...around('rejected') };
}

/** What is said of a record beside its value: headers and key. */
function around(word: TopicWord | 'to'): Json {
  const { key, headers } = CHANNELS[word];
  const properties = Object.entries(headers ?? {}).map(([name, description]): [string, Json] => [
    name,
    { type: 'string', description },
  ]);
  return {
    ...(headers === undefined ? {} : { headers: { type: 'object', properties: Object.fromEntries(properties) } }),
    bindings: { kafka: { key: { type: ['string', 'null'], description: key }, bindingVersion: KAFKA_BINDING } },
  };
}
