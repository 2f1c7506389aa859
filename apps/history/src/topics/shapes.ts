// What topics are compared with, and how an operator mends what differs. Invariant: what services refuse to start on is a fault;
// what an operator may choose (how long to keep) is a note.
import { unfitSettings, type TopicDescription, type TopicSpec } from '#libs/event-log';

export interface Judgement {
  readonly topic: string;
  readonly outcome: 'fits' | 'missing' | 'differs';
  /** Sentences; services refuse to start on them. */
  readonly faults: readonly string[];
  /** Sentences; nothing refuses. */
  readonly notes: readonly string[];
}

function faultsOf(spec: TopicSpec, found: TopicDescription): readonly string[] {
  const { name } = spec;
  const faults: string[] = [];
  if (found.partitions !== spec.partitions) {
    faults.push(
      `${name} has ${found.partitions} partitions and the configuration asks for ${spec.partitions}: set PARTITIONS and DELIVERY_PARTITIONS as the topics are, or copy them to another prefix (rollcall topics copy)`,
    );
  }
  for (const { name: setting, value, wanted, command } of unfitSettings(found, spec))
    faults.push(`${name} has ${setting}=${value} and must have ${wanted}: ${command}`);
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
