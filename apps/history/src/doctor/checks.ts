// What is looked at whatever the log: the configuration of each service, the topics' shapes, and an embedded log's disk.
import { statfs } from 'node:fs/promises';
import { topicSpecs } from '#libs/contracts';
import type { EventLog, TopicDescription } from '#libs/event-log';
import { ConfigurationError, readConfiguration, type Configuration, type ProcessName } from '#libs/runtime';
import { judgeShape } from '../topics/shapes.js';
import { fail, ok, warn, type Finding } from './finding.js';

type Environment = Readonly<Record<string, string | undefined>>;

const SPARE_WARN_BYTES = 2 * 1024 ** 3;
const SPARE_FAIL_BYTES = 256 * 1024 ** 2;
const CO_PARTITIONED = ['activity', 'commands', 'states', 'changes', 'registers', 'snapshots'];

/** Which processes would refuse this environment, and why: it may be meant for some of them only. */
export function examineConfiguration(environment: Environment, configuration: Configuration): readonly Finding[] {
  const check = 'configuration';
  const apps: readonly ProcessName[] =
    configuration.kafka === undefined ? ['standalone'] : ['aggregator', 'fanout', 'gateway'];
  const findings: Finding[] = [];
  const told = new Set<string>();
  for (const app of apps) {
    for (const fault of faultsOf(environment, app)) {
      if (told.has(fault)) continue;
      told.add(fault);
      findings.push(
        warn(check, `with these variables ${app} does not start: ${fault}`, 'rollcall config lists every variable'),
      );
    }
  }
  for (const hint of readConfiguration(environment, 'command line').hints)
    findings.push(warn(check, hint, 'rollcall config lists every variable'));
  return findings.length > 0 ? findings : [ok(check, `these variables are enough for ${apps.join(', ')}`)];
}

function faultsOf(environment: Environment, app: ProcessName): readonly string[] {
  try {
    readConfiguration(environment, app);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

export async function examineTopics(log: EventLog, { topics }: Configuration): Promise<readonly Finding[]> {
  const specs = topicSpecs(topics);
  const found = new Map<string, TopicDescription | undefined>();
  for (const { name } of specs) found.set(name, await log.describeTopic(name));
  const faults = specs.flatMap((spec) => judgeShape(spec, found.get(spec.name)).faults);
  const notes = specs.flatMap((spec) => judgeShape(spec, found.get(spec.name)).notes);
  const findings: Finding[] = [];
  for (const fault of faults) {
    const [says = fault, todo = 'rollcall topics check'] = fault.split(/: (?=set |kafka-configs|rollcall )/);
    findings.push(fail('topics', says, todo));
  }
  findings.push(...coPartitioning(topics.prefix, found));
  for (const note of notes) findings.push(warn('topics', note, 'nothing, if it is meant so'));
  return faults.length === 0 ? [ok('topics', `${specs.length} are as the services need them`), ...findings] : findings;
}

function coPartitioning(prefix: string, found: ReadonlyMap<string, TopicDescription | undefined>): readonly Finding[] {
  const counts = CO_PARTITIONED.flatMap((word) => {
    const partitions = found.get(`${prefix}${word}`)?.partitions;
    return partitions === undefined ? [] : [`${word} ${partitions}`];
  });
  if (new Set(counts.map((count) => count.split(' ')[1])).size <= 1) return [];
  return [
    fail(
      'co-partitioning',
      `these topics must have one partition count, and have ${counts.join(', ')}`,
      'a user’s inputs and states would lie in partitions of different numbers: create the topics again under another TOPIC_PREFIX',
    ),
  ];
}

/** The disk under an embedded log. */
export async function examineDisk({ dataDirectory }: Configuration): Promise<readonly Finding[]> {
  const { bavail, bsize, blocks } = await statfs(dataDirectory);
  const spare = bavail * bsize;
  const says = `${dataDirectory} has ${Math.round(spare / 1024 ** 2)} MiB to spare (${Math.round((100 * bavail) / blocks)} %)`;
  if (spare < SPARE_FAIL_BYTES)
    return [fail('disk', says, 'make room, or move DATA_DIR: when it is full, nothing is taken any more')];
  return [spare < SPARE_WARN_BYTES ? warn('disk', says, 'make room before it is full') : ok('disk', says)];
}
