// Judges the history by the inputs alone: every user's inputs are folded again and must give exactly the changes that were
// told, the states that stand and the rejections that were written. Invariant: knows no engine; every fault that it can find
// has a test in which it finds it.
import {
  decodeActivity,
  decodeChange,
  decodeCommand,
  decodeRejection,
  decodeStatesRecord,
  INPUTS,
  type ChangeRecord,
  type StateRecord,
  type TopicNames,
} from '#libs/contracts';
import type { PlainInput, PlainPolicy } from '#libs/testing';
import type { CopiedRecord } from './log-copy.js';
import { replayUser, type UserStory } from './user-replay.js';

/** Records of the topics judged, by partition. */
export type TopicRecords = (topic: string) => readonly (readonly CopiedRecord[])[];

export interface HistoryVerdict {
  readonly faults: readonly string[];
  readonly inputs: number;
  readonly rejected: number;
  readonly users: number;
  readonly changes: number;
  /** Changes that a timer made while nothing happened. */
  readonly timers: number;
  readonly reordered: number;
  readonly late: number;
  /** What was told last of every user. */
  readonly latest: ReadonlyMap<string, ChangeRecord>;
}

export function judgeHistory(records: TopicRecords, topics: TopicNames, policy: PlainPolicy): HistoryVerdict {
  const faults: string[] = [];
  const stories = new Map<string, Writable>();
  const { inputs, undecodable } = placeInputs(records, topics, stories);
  const changes = placeChanges(records(topics.changes), stories, faults);
  let [timers, reordered, late] = [0, 0, 0];
  const latest = new Map<string, ChangeRecord>();
  const states = latestStates(records(topics.states), faults);
  for (const story of stories.values()) {
    const verdict = replayUser(story, policy);
    timers += verdict.timers;
    reordered += verdict.reordered;
    late += verdict.late;
    const last = story.changes.at(-1);
    if (last !== undefined) latest.set(story.userId, last);
    if (verdict.fault !== undefined) faults.push(verdict.fault);
    else if (verdict.exists === true) {
      const fault = stateFault(last, states.get(story.userId));
      if (fault !== undefined) faults.push(`${story.userId}: ${fault}`);
    }
  }
  faults.push(...rejectionFaults(records(topics.rejected), undecodable, topics));
  const figures = { inputs, rejected: undecodable.size, users: stories.size, changes, timers, reordered, late };
  return { faults, ...figures, latest };
}

interface Writable extends UserStory {
  readonly activity: PlainInput[];
  readonly commands: PlainInput[];
  readonly changes: ChangeRecord[];
}

function storyOf(stories: Map<string, Writable>, userId: string): Writable {
  let story = stories.get(userId);
  if (story === undefined) stories.set(userId, (story = { userId, activity: [], commands: [], changes: [] }));
  return story;
}

function placeInputs(
  records: TopicRecords,
  topics: TopicNames,
  stories: Map<string, Writable>,
): { readonly inputs: number; readonly undecodable: ReadonlySet<string> } {
  let inputs = 0;
  const undecodable = new Set<string>();
  for (const word of INPUTS) {
    for (const [partition, its] of records(topics[word]).entries()) {
      let reachedMs = -Infinity;
      for (const { offset, timestampMs, key, value } of its) {
        inputs += 1;
        reachedMs = Math.max(reachedMs, timestampMs);
        const decoded = word === 'activity' ? decodeActivity(value, key) : decodeCommand(value, key);
        if (!decoded.ok) undecodable.add(`${topics[word]}-${partition} ${offset}`);
        else {
          // As it stands in the log: what we make of it is no business of the model's.
          const record: unknown = JSON.parse(value!);
          storyOf(stories, decoded.record.userId)[word].push({
            topic: word,
            offset,
            atMs: reachedMs,
            record,
          } as PlainInput);
        }
      }
    }
  }
  return { inputs, undecodable };
}

/** Of every partition: what had been taken never goes back, and holds what made the change. */
function placeChanges(
  partitions: readonly (readonly CopiedRecord[])[],
  stories: Map<string, Writable>,
  faults: string[],
): number {
  let count = 0;
  for (const [partition, its] of partitions.entries()) {
    const reached = { activity: -1, commands: -1 };
    for (const { offset, key, value } of its) {
      count += 1;
      const place = `changes-${partition} offset ${offset}`;
      const decoded = decodeChange(value, key);
      if (!decoded.ok) {
        faults.push(`${place}: ${decoded.reason}`);
        continue;
      }
      const { applied, cause, userId } = decoded.record;
      for (const topic of INPUTS) {
        if ((applied[topic] ?? -1) < reached[topic]) faults.push(`${place}: ${topic} went back`);
        reached[topic] = applied[topic] ?? -1;
      }
      if ('topic' in cause && applied[cause.topic] !== cause.offset)
        faults.push(`${place}: the cause is not the last taken`);
      storyOf(stories, userId).changes.push(decoded.record);
    }
  }
  return count;
}

/** undefined: a tombstone stands last. */
function latestStates(
  partitions: readonly (readonly CopiedRecord[])[],
  faults: string[],
): ReadonlyMap<string, StateRecord | undefined> {
  const states = new Map<string, StateRecord | undefined>();
  for (const { key, value } of partitions.flat()) {
    const decoded = decodeStatesRecord(value, key);
    if (!decoded.ok) faults.push(`states under ${String(key)}: ${decoded.reason}`);
    else if (decoded.record.kind === 'state') states.set(decoded.record.state.userId, decoded.record.state);
    else if (decoded.record.kind === 'forgotten') states.set(decoded.record.userId, undefined);
  }
  return states;
}

/** The state that stands is the last change; only its activity time may be younger. */
function stateFault(last: ChangeRecord | undefined, state: StateRecord | undefined): string | undefined {
  const wanted = last?.kind === 'changed' ? [last.life, last.version, last.atMs, shown(last.view)] : undefined;
  const stands = state === undefined ? undefined : [state.life, state.version, state.changedAtMs, shown(state.view)];
  const [one, other] = [JSON.stringify(wanted), JSON.stringify(stands)];
  return one === other ? undefined : `the state is ${String(other)}, and the last change ${String(one)}`;
}

function shown(view: StateRecord['view']): unknown {
  return [view.presence, view.currentlyActive, view.statusMsg ?? null];
}

function rejectionFaults(
  partitions: readonly (readonly CopiedRecord[])[],
  undecodable: ReadonlySet<string>,
  topics: TopicNames,
): string[] {
  const faults: string[] = [];
  const missing = new Set(undecodable);
  const inputs = new Set(INPUTS.map((word) => topics[word]));
  for (const { headers } of partitions.flat()) {
    const decoded = decodeRejection(headers);
    if (!decoded.ok) faults.push(`a rejection cannot be read: ${decoded.reason}`);
    else if (inputs.has(decoded.record.topic)) {
      const name = `${decoded.record.topic}-${decoded.record.partition} ${decoded.record.offset}`;
      if (!missing.delete(name)) faults.push(`${name} was rejected twice, or wrongly`);
    }
  }
  for (const name of missing) faults.push(`${name} was not rejected`);
  return faults;
}
