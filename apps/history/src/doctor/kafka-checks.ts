// What is looked at on Kafka: brokers, rights, the coordinator of transactions, clocks, transactions that hang, and how far behind
// the services are. Invariant: nothing that anybody reads is written; what is written for a try is taken back.
import { topicNames, topicSpecs, type TopicNames } from '#libs/contracts';
import type { Configuration } from '#libs/runtime';
import { examined, fail, ok, todoFor, warn, type Examinable, type Finding } from './finding.js';

export interface Examination {
  readonly log: Examinable;
  readonly configuration: Configuration;
  /** Waits; tests do not. */
  readonly pause: (ms: number) => Promise<void>;
}

const SECOND_LOOK_MS = 3_000;
const SKEW_WARN_MS = 500;
const SKEW_FAIL_MS = 10_000;
const FAR_BEHIND = 10_000;

export async function examineKafka(examination: Examination): Promise<readonly Finding[]> {
  const names = topicNames(examination.configuration.topics.prefix);
  const existing = await existingTopics(examination);
  const findings = [
    await examined('brokers', () => brokers(examination)),
    await examined('writing', () => writing(examination, existing)),
    await examined('reading', () => reading(examination, existing)),
    await examined('open transactions', () => openTransactions(examination, existing)),
    await examined('lag', () => lag(examination, names, existing)),
  ];
  return findings.flat();
}

/** Missing ones are told by the check of the topics. */
async function existingTopics({ log, configuration }: Examination): Promise<readonly string[]> {
  const all = new Set(await log.listTopics());
  return topicSpecs(configuration.topics)
    .map(({ name }) => name)
    .filter((name) => all.has(name));
}

async function brokers({ log, configuration }: Examination): Promise<readonly Finding[]> {
  const found = (await log.examineBrokers?.()) ?? [];
  const old = found.filter(({ lacks }) => lacks.length > 0);
  if (old.length > 0)
    return old.map(({ address, lacks }) =>
      fail(
        'brokers',
        `${address} does not know the requests ${lacks.join(', ')}`,
        'upgrade the broker to Kafka 3.1 or newer',
      ),
    );
  const addresses = found.map(({ address }) => address).join(', ');
  const replicas = configuration.kafka?.replicationFactor ?? Math.min(3, found.length);
  if (replicas > found.length)
    return [
      fail(
        'brokers',
        `REPLICATION_FACTOR is ${replicas} and there are ${found.length} brokers (${addresses})`,
        'set REPLICATION_FACTOR to at most their number',
      ),
    ];
  if (replicas < 3)
    return [
      ok('brokers', `reachable, new enough: ${addresses}`),
      warn(
        'brokers',
        `created topics have ${replicas} ${replicas === 1 ? 'copy' : 'copies'}: a lost disk loses what was acknowledged`,
        'run three brokers or more where that matters',
      ),
    ];
  return [ok('brokers', `reachable, new enough: ${addresses}`)];
}

/** Tries what every service must be able to do, and takes it back; the clock is read off it. */
async function writing({ log, configuration }: Examination, topics: readonly string[]): Promise<readonly Finding[]> {
  if (log.rehearse === undefined || topics.length === 0) return [];
  const { prefix } = configuration.topics;
  const tried = await log.rehearse(`${prefix}doctor`, topics);
  const findings: Finding[] = [];
  let [skewMs, isSkewKnown] = [0, false];
  for (const [topic, outcome] of tried) {
    if ('error' in outcome) {
      findings.push(
        fail('writing', `${topic} cannot be written: ${outcome.error.message}`, todoFor(outcome.error.message)),
      );
    } else if (outcome.appendedMs >= 0) {
      isSkewKnown = true;
      skewMs = Math.max(skewMs, outcome.sentMs - outcome.appendedMs, outcome.appendedMs - outcome.answeredMs);
    }
  }
  if (findings.length === 0)
    findings.push(ok('writing', `a transaction on each of ${topics.length} topics was begun, written and taken back`));
  if (isSkewKnown) findings.push(clock(skewMs));
  return findings;
}

function clock(skewMs: number): Finding {
  const says = `the brokers’ clocks and ours differ by ${skewMs} ms`;
  const todo = 'let all machines follow NTP: timers wait for the difference';
  if (skewMs >= SKEW_FAIL_MS) return fail('clocks', says, todo);
  return skewMs >= SKEW_WARN_MS
    ? warn('clocks', says, todo)
    : ok('clocks', skewMs === 0 ? 'the brokers’ clocks agree with ours' : says);
}

async function reading({ log }: Examination, topics: readonly string[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const topic of topics) {
    try {
      const [[start = 0], [end = 0]] = await Promise.all([log.starts(topic), log.ends(topic)]);
      for await (const batch of log.read(topic, 0, Math.max(start, end - 1), end)) if (batch.nextOffset >= end) break;
    } catch (error) {
      const { message } = error as Error;
      findings.push(fail('reading', `${topic} cannot be read: ${message}`, todoFor(message)));
    }
  }
  return findings.length > 0 || topics.length === 0 ? findings : [ok('reading', `${topics.length} topics can be read`)];
}

/** Seen twice at the same place, seconds apart: it hangs. */
async function openTransactions({ log, pause }: Examination, topics: readonly string[]): Promise<readonly Finding[]> {
  if (log.openTransactions === undefined || topics.length === 0) return [];
  const first = await log.openTransactions(topics);
  if (first.length === 0) return [ok('open transactions', 'none hides what is behind it')];
  await pause(SECOND_LOOK_MS);
  const second = await log.openTransactions(topics);
  const hanging = second.filter(({ topic, partition, stableEnd }) =>
    first.some((other) => other.topic === topic && other.partition === partition && other.stableEnd === stableEnd),
  );
  if (hanging.length === 0) return [ok('open transactions', 'those that were open have ended')];
  return hanging.map(({ topic, partition, stableEnd }) =>
    fail(
      'open transactions',
      `a transaction in ${topic}-${partition} has stood open at offset ${stableEnd}: nothing behind it can be read`,
      `kafka-transactions.sh --bootstrap-server BROKER describe-producers --topic ${topic} --partition ${partition} names the producer; end it, or abort its transaction. Inputs must not be written in transactions`,
    ),
  );
}

async function lag(
  { log, configuration }: Examination,
  names: TopicNames,
  topics: readonly string[],
): Promise<readonly Finding[]> {
  const { prefix } = configuration.topics;
  const groups = [
    {
      group: `${prefix}aggregator`,
      service: 'aggregator',
      start: 'npm run start:aggregator',
      reads: [names.activity, names.commands],
    },
    { group: `${prefix}fanout`, service: 'fanout', start: 'npm run start:fanout', reads: [names.changes] },
  ];
  const findings: Finding[] = [];
  for (const { group, service, start, reads } of groups) {
    for (const topic of reads.filter((name) => topics.includes(name))) {
      const [committed, starts, ends] = [
        await log.committed(group, topic),
        await log.starts(topic),
        await log.ends(topic),
      ];
      const behind = ends.reduce(
        (sum, end, partition) =>
          sum + end - Math.max(starts[partition] ?? 0, Math.min(end, committed.get(partition)?.offset ?? 0)),
        0,
      );
      if (behind >= FAR_BEHIND)
        findings.push(
          warn(
            'lag',
            `${group} is ${behind} records behind in ${topic}`,
            `look at the ${service}: does it run (/health/ready), is its CPU full, are transactions slow?`,
          ),
        );
      else if (committed.size === 0 && behind > 0)
        findings.push(
          warn(
            'lag',
            `${group} has never taken anything of ${topic}, which holds ${behind} records`,
            `start the ${service}: ${start}`,
          ),
        );
    }
  }
  return findings.length > 0 ? findings : [ok('lag', 'aggregator and fan-out are close to the ends')];
}
