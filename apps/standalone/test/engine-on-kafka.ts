// One running engine on a broker for a test file: `npm start` with KAFKA_BROKERS, its users known by tokens. Invariant: a
// prefix of its own; every user that a test names has the token `token-of-NAME`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { topicNames } from '#libs/contracts';
import type { KafkaEventLog } from '#libs/event-log-kafka';
import { runKafkaTool, type KafkaForTests } from '#libs/testing';
import { Client } from './client.js';
import { freshFolder } from './program.js';

export const ADMIN_TOKEN = 'token-of-admin';

export const userOf = (name: string): string => `@${name}:localhost`;

/** Tokens for devices `D` of users by their names. */
export function tokensFile(names: readonly string[]): string {
  const file = join(freshFolder(), 'tokens.json');
  const tokens = names.map((name) => [`token-of-${name}`, { user_id: userOf(name), device_id: 'D' }] as const);
  writeFileSync(file, JSON.stringify(Object.fromEntries(tokens)));
  return file;
}

export const clientOf = (url: string, name: string): Client => new Client(url, `token-of-${name}`, userOf(name));

export const administratorAt = (url: string): Client => new Client(url, ADMIN_TOKEN);

/** What every service on the broker is started with. */
export function kafkaEnvironment(
  { brokers, prefix }: KafkaForTests,
  names: readonly string[],
  partitions = 2,
): Record<string, string> {
  return {
    KAFKA_BROKERS: brokers.join(','),
    TOPIC_PREFIX: prefix,
    PARTITIONS: String(partitions),
    DELIVERY_PARTITIONS: String(partitions),
    STATIC_TOKENS_FILE: tokensFile(names),
    ADMIN_TOKEN,
  };
}

/** As an operator changes a topic: `retention.ms=1000`. */
export function alterTopic(
  { brokers }: Pick<KafkaForTests, 'brokers'>,
  topic: string,
  setting: string,
): Promise<string> {
  const args = ['--alter', '--entity-type', 'topics', '--entity-name', topic, '--add-config', setting];
  return runKafkaTool('kafka-configs', { brokers, args });
}

/** All values of a topic, a line each. */
export async function valuesOf(log: KafkaEventLog, topic: string): Promise<string> {
  const values: string[] = [];
  const [starts, ends] = [await log.starts(topic), await log.ends(topic)];
  for (const [partition, end] of ends.entries())
    for await (const { records } of log.read(topic, partition, starts[partition] ?? 0, end))
      values.push(...records.map(({ value }) => String(value)));
  return values.join('\n');
}

export const topicsOf = ({ prefix }: KafkaForTests): ReturnType<typeof topicNames> => topicNames(prefix);

/** The sum of a metric's lines with a label, such as `name{label="x"`, whatever other labels they have. */
export async function sumAt(url: string, beginning: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((one) => one.startsWith(`${beginning},`) || one.startsWith(`${beginning}}`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** The value of a metric line such as `name{label="x"}`; undefined = it is not told. */
export async function metricAt(url: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
