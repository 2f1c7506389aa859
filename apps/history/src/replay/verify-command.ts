// `rollcall verify`: every partition re-folded and compared, and what came of it, for people or as JSON. Invariant: exit 0 means that
// everything that was asked for was proven, 1 that there is a difference, 3 that something could not be proven.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Policy } from '#libs/presence';
import type { Configuration } from '#libs/runtime';
import { shownTime } from '../exporting/window.js';
import { Failure, explain } from '../failure.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { WORTH_FOLDING, crewFor, inputsIn } from '../threads/crew.js';
import { inThreads } from '../threads/in-threads.js';
import { FoldingProgress } from './folding-progress.js';
import { type VerifiedPartition, verifyPartition } from './verify-partition.js';

export interface VerifyCommand {
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Absent: all. */
  readonly partition?: number;
  /** Absent: as many as there are cores. */
  readonly workers?: number;
  readonly json: boolean;
}

export const EXIT_DIFFERENT = 1;
export const EXIT_UNPROVEN = 3;

interface Verified {
  readonly partitions: readonly VerifiedPartition[];
  readonly inputs: number;
  readonly changes: number;
  readonly seconds: number;
}

export async function runVerify(
  command: VerifyCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  try {
    const verified = await withLog(surroundings, configuration, 'read', (log) =>
      verifyAll(command, log, topicNames(configuration.topics.prefix), surroundings),
    );
    await surroundings.stdout.write(
      command.json ? `${JSON.stringify(shown(verified))}\n` : asText(verified, configuration.policy),
    );
    if (verified.partitions.some(({ difference }) => difference !== undefined)) return EXIT_DIFFERENT;
    return verified.partitions.some(({ unproven }) => unproven !== undefined) ? EXIT_UNPROVEN : 0;
  } catch (error) {
    // 1 says that the history differs: whatever else goes wrong must not look like it.
    throw new Failure(explain(error).text, EXIT_UNPROVEN);
  }
}

async function verifyAll(
  command: VerifyCommand,
  log: EventLog,
  topics: TopicNames,
  surroundings: Surroundings,
): Promise<Verified> {
  const { partition: only } = command;
  const count = (await log.starts(topics.changes)).length;
  if (only !== undefined && only >= count) {
    throw new Failure(`${topics.changes} has ${count} partitions, 0 to ${count - 1}: there is no partition ${only}.`);
  }
  const chosen = only === undefined ? Array.from({ length: count }, (_, partition) => partition) : [only];
  const startedMs = surroundings.nowMs();
  const partitions = await verifyEach(chosen, command, { log, topics, surroundings });
  const stretches = partitions.flatMap((partition) => partition.stretches);
  return {
    partitions,
    inputs: stretches.reduce((sum, { inputs }) => sum + inputs, 0),
    changes: stretches.reduce((sum, { changes }) => sum + changes, 0),
    seconds: (surroundings.nowMs() - startedMs) / 1000,
  };
}

interface Sources {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly surroundings: Surroundings;
}

/** In the order of the partitions, whichever is done first. */
async function verifyEach(
  chosen: readonly number[],
  { fromMs, toMs, workers }: VerifyCommand,
  { log, topics, surroundings }: Sources,
): Promise<readonly VerifiedPartition[]> {
  const window = { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
  const stopped = new Failure('Stopped before everything was compared.', EXIT_UNPROVEN);
  const progress = new FoldingProgress(surroundings, ['inputs', 'changes']);
  try {
    const records = await inputsIn(log, topics);
    const crew = crewFor(surroundings, {
      partitions: chosen.length,
      records,
      worth: WORTH_FOLDING,
      ...(workers && { workers }),
    });
    if (crew === undefined) {
      const verified: VerifiedPartition[] = [];
      for (const [index, partition] of chosen.entries()) {
        const onProgress = (...counts: readonly number[]): void => progress.show(index, counts);
        verified.push(await verifyPartition({ log, topics, partition, onProgress, ...window }));
        if (surroundings.ending.aborted) throw stopped;
      }
      return verified;
    }
    return await inThreads<VerifiedPartition>(crew.start, surroundings.ending, {
      jobs: chosen.map((partition) => ({ kind: 'verify', options: { partition, ...window } })),
      threads: crew.threads,
      nameOf: (index) => `partition ${chosen[index]!}`,
      onProgress: (index, counts) => progress.show(index, counts),
      stopped,
    });
  } finally {
    await progress.end();
  }
}

function shown({ partitions, inputs, changes, seconds }: Verified): object {
  const isClean = partitions.every(({ difference, unproven }) => difference === undefined && unproven === undefined);
  return {
    clean: isClean,
    inputs,
    changes,
    seconds,
    inputs_per_second: rateOf(inputs, seconds),
    partitions: partitions.map(({ partition, stretches, difference, unproven }) => ({
      partition,
      ...(unproven === undefined ? {} : { unproven }),
      ...(difference === undefined
        ? {}
        : {
            difference: {
              kind: difference.kind,
              offset: difference.offset,
              user_id: difference.userId,
              sentence: difference.sentence,
              expected: difference.expected,
              found: difference.found,
            },
          }),
      stretches: stretches.map(({ fromMs, policy, endedBy, inputs: its, changes: made }) => ({
        from: shownTime(fromMs),
        ended_by: endedBy,
        inputs: its,
        changes: made,
        policy,
      })),
    })),
  };
}

function asText({ partitions, inputs, changes, seconds }: Verified, configured: Policy): string {
  const lines: string[] = [];
  for (const { partition, stretches, difference, unproven } of partitions) {
    for (const { fromMs, inputs: its, changes: made, endedBy } of stretches) {
      const end = endedBy === undefined ? '' : `, up to where it begins anew (${endedBy})`;
      lines.push(`partition ${partition} from ${shownTime(fromMs)}${end}: ${its} inputs, ${made} changes`);
    }
    if (unproven !== undefined) lines.push(`partition ${partition} cannot be proven: ${unproven}.`);
    if (difference !== undefined) lines.push(...differenceLines(partition, difference));
  }
  const differs = partitions.some(({ difference }) => difference !== undefined);
  const rate = Math.round(rateOf(inputs, seconds)).toLocaleString('en');
  const total = `${inputs.toLocaleString('en')} inputs re-folded in ${seconds.toFixed(1)} s (${rate}/s), ${changes.toLocaleString('en')} changes as they must be`;
  lines.push(differs ? `DIFFERENT: ${total}, until the first difference` : `${total}: clean`);
  return `${[...lines, ...policyLines(partitions, configured)].join('\n')}\n`;
}

function differenceLines(
  partition: number,
  { sentence, expected, found }: NonNullable<VerifiedPartition['difference']>,
): string[] {
  return [
    `partition ${partition} DIFFERS: ${sentence}.`,
    ...(expected === undefined ? [] : [`  the inputs make  ${JSON.stringify(expected)}`]),
    ...(found === undefined ? [] : [`  the log has      ${JSON.stringify(found)}`]),
  ];
}

/** What was in force is recorded with the snapshots; what is configured here is somebody else's business, and worth a word. */
function policyLines(partitions: readonly VerifiedPartition[], configured: Policy): string[] {
  const last = partitions.flatMap(({ stretches }) => stretches).at(-1)?.policy;
  if (last === undefined) return [];
  const names = (Object.keys(configured) as (keyof Policy)[]).filter((name) => configured[name] !== last[name]);
  if (names.length === 0) return [];
  const words = names.map((name) => `${name} ${last[name]} (here ${configured[name]})`);
  return [`The timings in force were recorded, and others than the ones configured here: ${words.join(', ')}.`];
}

function rateOf(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}
