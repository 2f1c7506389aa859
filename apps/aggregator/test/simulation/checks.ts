// What must hold after a simulation, each as a function that gives the first fault or nothing. Every one of them has a
// test in which it fails.
import { decodeChange, decodeRegisters, encodeRegisters, type ChangeRecord } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { Aggregate, absorbActivity, absorbCommand, prune, restore, snapshot } from '#libs/presence';
import { decodeActivity, decodeCommand } from '#libs/contracts';
import { foldOf } from '../../src/aggregator.js';
import { PARTITIONS, POLICY, TOPICS } from './plan.js';
import type { World } from './world.js';

export type History = ReadonlyMap<string, readonly ChangeRecord[]>;

async function* records(log: EventLog, topic: string) {
  const ends = await log.ends(topic);
  for (const [partition, end] of ends.entries())
    for await (const batch of log.read(topic, partition, 0, end)) yield* batch.records;
}

/** All changes per user, in the order of the log. */
export async function historyOf(log: EventLog): Promise<History> {
  const history = new Map<string, ChangeRecord[]>();
  for await (const { key, value } of records(log, TOPICS.changes)) {
    const decoded = decodeChange(String(value), String(key));
    if (!decoded.ok) throw new Error(decoded.reason);
    const { userId } = decoded.record;
    const its = history.get(userId);
    if (its === undefined) history.set(userId, [decoded.record]);
    else its.push(decoded.record);
  }
  return history;
}

/**
 * Two histories are the same, user by user. `applied` is left out: it says how far the task had read the inputs of all
 * users of the partition, which depends on when it read them; who compares the order of reading compares `appliedFault`.
 */
export function historyFault(expected: History, got: History): string | undefined {
  for (const user of new Set([...expected.keys(), ...got.keys()])) {
    const [wanted, has] = [expected.get(user) ?? [], got.get(user) ?? []];
    for (let index = 0; index < Math.max(wanted.length, has.length); index += 1) {
      const [one, other] = [plain(wanted[index]), plain(has[index])];
      if (one !== other) return `change ${index} of ${user}: expected ${one}, got ${other}`;
    }
  }
  return undefined;
}

function plain(change: ChangeRecord | undefined): string {
  return change === undefined ? 'none' : JSON.stringify({ ...change, applied: undefined });
}

/** Versions are 1, 2, 3 … in every life, lives follow each other, times never fall. */
export function versionFault(history: History): string | undefined {
  for (const [user, changes] of history) {
    let [life, version, atMs] = [changes[0]?.life ?? 0, 0, -Infinity];
    for (const change of changes) {
      if (change.life !== life) [life, version] = [change.life, 0];
      const wanted = change.kind === 'changed' ? version + 1 : version;
      if (change.version !== wanted) return `${user} life ${life}: version ${change.version} after ${version}`;
      if (change.atMs < atMs) return `${user}: a change at ${change.atMs} after one at ${atMs}`;
      [version, atMs] = [change.version, change.atMs];
    }
  }
  return undefined;
}

/** What the task had taken never goes back within a partition, and holds what made the change. */
export async function appliedFault(log: EventLog): Promise<string | undefined> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const reached = { activity: -1, commands: -1 };
    const end = (await log.ends(TOPICS.changes))[partition]!;
    for await (const batch of log.read(TOPICS.changes, partition, 0, end)) {
      for (const { offset, key, value } of batch.records) {
        const decoded = decodeChange(String(value), String(key));
        if (!decoded.ok) throw new Error(decoded.reason);
        const { applied, cause } = decoded.record;
        for (const topic of ['activity', 'commands'] as const) {
          if ((applied[topic] ?? -1) < reached[topic])
            return `changes-${partition} offset ${offset}: ${topic} went back`;
          reached[topic] = applied[topic] ?? -1;
        }
        if ('topic' in cause && applied[cause.topic] !== cause.offset)
          return `changes-${partition} offset ${offset}: the cause is not the last taken`;
      }
    }
  }
  return undefined;
}

/** Registers with everything dropped that is over by then: two that behave the same are the same text. */
export function settledRegisters(texts: readonly string[], atMs: number): string[] {
  return texts.map((text) => {
    const { userId, snapshot: stored } = decodeRegisters(text);
    const aggregate = restore(stored);
    prune(aggregate, POLICY, atMs);
    return encodeRegisters(userId, snapshot(aggregate));
  });
}

export function registersOf(world: World): string[] {
  return settledRegisters(world.tasks.flatMap((task) => foldOf(task).registers()).sort(), world.clock.nowMs());
}

/** Both registers of every user, folded each from its own topic alone, without any engine. */
export async function registersFromInputs(log: EventLog): Promise<ReadonlyMap<string, Aggregate>> {
  const users = new Map<string, Aggregate>();
  for (const topic of ['activity', 'commands'] as const) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      let reachedMs = -Infinity;
      const end = (await log.ends(TOPICS[topic]))[partition]!;
      for await (const batch of log.read(TOPICS[topic], partition, 0, end)) {
        for (const { key, value, offset, timestampMs } of batch.records) {
          reachedMs = Math.max(reachedMs, timestampMs);
          const at = { tMs: reachedMs, offset };
          const decoded =
            topic === 'activity'
              ? decodeActivity(String(value), String(key))
              : decodeCommand(String(value), String(key));
          if (!decoded.ok) continue;
          const { userId, input } = decoded.record;
          const aggregate = users.get(userId) ?? new Aggregate();
          users.set(userId, aggregate);
          if ('type' in input && input.type.startsWith('device.'))
            absorbActivity(aggregate, input as never, at, POLICY);
          else absorbCommand(aggregate, input as never, at);
        }
      }
    }
  }
  return users;
}

/** Every rejected record stands among the rejected ones exactly once. */
export async function rejectedFault(log: EventLog): Promise<string | undefined> {
  const wanted = new Set<string>();
  for (const topic of ['activity', 'commands'] as const) {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const end = (await log.ends(TOPICS[topic]))[partition]!;
      for await (const batch of log.read(TOPICS[topic], partition, 0, end)) {
        for (const { offset, value } of batch.records)
          if (String(value).includes('nonsense')) wanted.add(`${TOPICS[topic]}-${partition}-${offset}`);
      }
    }
  }
  for await (const { headers } of records(log, TOPICS.rejected)) {
    const name = `${headers?.['topic'] ?? ''}-${headers?.['partition'] ?? ''}-${headers?.['offset'] ?? ''}`;
    if (!wanted.delete(name)) return `${name} was rejected twice, or wrongly`;
  }
  return wanted.size === 0 ? undefined : `${[...wanted].join()} was not rejected`;
}
