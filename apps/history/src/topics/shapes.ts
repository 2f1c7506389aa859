// What topics are compared with, and how an operator mends what differs. Invariant: what services refuse to start on is a fault;
// what an operator may choose (how long to keep) is a note.
import type { TopicDescription, TopicSpec } from '#libs/event-log';

export interface Judgement {
  readonly topic: string;
  readonly outcome: 'fits' | 'missing' | 'differs';
  /** Sentences; services refuse to start on them. */
  readonly faults: readonly string[];
  /** Sentences; nothing refuses. */
  readonly notes: readonly string[];
}

const alter = (topic: string, setting: string): string =>
  `kafka-configs.sh --bootstrap-server BROKER --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;

const timestampType = ({ timestamps }: TopicSpec): string => (timestamps === 'append' ? 'LogAppendTime' : 'CreateTime');

function faultsOf(spec: TopicSpec, found: TopicDescription): readonly string[] {
  const { name } = spec;
  const faults: string[] = [];
  if (found.partitions !== spec.partitions) {
    faults.push(
      `${name} has ${found.partitions} partitions and the configuration asks for ${spec.partitions}: set PARTITIONS and DELIVERY_PARTITIONS as the topics are, or copy them to another prefix (rollcall topics copy)`,
    );
  }
  if (found.cleanup !== spec.cleanup) {
    faults.push(
      `${name} has cleanup.policy=${found.cleanup} and must have ${spec.cleanup}: ${alter(name, `cleanup.policy=${spec.cleanup}`)}`,
    );
  }
  if (found.timestamps !== spec.timestamps) {
    const wanted = timestampType(spec);
    faults.push(
      `${name} has message.timestamp.type=${timestampType(found)} and must have ${wanted}: ${alter(name, `message.timestamp.type=${wanted}`)}`,
    );
  }
  return faults;
}

const span = (ms: number | undefined): string => (ms === undefined ? 'for ever' : `${ms} ms`);

function notesOf(spec: TopicSpec, found: TopicDescription): readonly string[] {
  if (found.cleanup === 'delete' && found.retentionMs !== spec.retentionMs) {
    return [`${spec.name} keeps records ${span(found.retentionMs)}; the default is ${span(spec.retentionMs)}`];
  }
  const [lag, wanted] = [found.minCompactionLagMs ?? 0, spec.minCompactionLagMs ?? 0];
  if (found.cleanup === 'compact' && lag !== wanted) {
    return [`${spec.name} keeps superseded records readable for ${lag} ms; the default is ${wanted} ms`];
  }
  return [];
}

export function judgeShape(spec: TopicSpec, found: TopicDescription | undefined): Judgement {
  const topic = spec.name;
  if (found === undefined) {
    return { topic, outcome: 'missing', faults: [`${topic} does not exist: rollcall topics create`], notes: [] };
  }
  const faults = faultsOf(spec, found);
  return { topic, outcome: faults.length > 0 ? 'differs' : 'fits', faults, notes: notesOf(spec, found) };
}
