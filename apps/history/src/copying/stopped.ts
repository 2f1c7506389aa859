// What must be so before and after a log is copied: nobody works on it, and everything written into it is folded. Invariant: what
// is copied is one moment of the log: whatever was written meanwhile makes the copy fail in the end, with a sentence.
import { Aggregator } from '#apps/aggregator';
import { INPUTS, type TopicWord } from '#libs/contracts';
import type { Policy } from '#libs/presence';
import { WallClock } from '#libs/runtime';
import { Failure } from '../failure.js';
import { readProgress } from './partition-image.js';
import type { OpenPlace } from './places.js';

/** What a copy reads. */
export const READ_WORDS = [...INPUTS, 'states', 'registers', 'changes', 'memberships', 'rooms'] as const;
export type Ends = Readonly<Record<(typeof READ_WORDS)[number], readonly number[]>>;

const GROUPS = ['aggregator', 'fanout'] as const;
const LOOK_EVERY_MS = 20;

/** Gateways are in no group: that they write is seen by `requireUnmoved`. */
export async function requireNobody({ log, prefix, words }: OpenPlace): Promise<void> {
  for (const group of GROUPS) {
    const count = await log.memberCount(prefix + group);
    if (count > 0) {
      throw new Failure(
        `${prefix}${group} has ${count} member${count === 1 ? '' : 's'}: stop every service on ${words} first (one that was killed is forgotten after some seconds)`,
      );
    }
  }
}

export async function endsOf({ log, topics }: OpenPlace): Promise<Ends> {
  const ends = await Promise.all(READ_WORDS.map(async (word) => [word, await log.ends(topics[word])] as const));
  return Object.fromEntries(ends) as Ends;
}

export function writtenOf(ends: Ends): string {
  return READ_WORDS.map((word) => `${word}=${ends[word].join('+')}`).join(' ');
}

export async function requireUnmoved(place: OpenPlace, before: Ends): Promise<void> {
  const now = await endsOf(place);
  const moved = READ_WORDS.find((word) => now[word].join() !== before[word].join());
  if (moved !== undefined) {
    const topic = place.topics[moved as TopicWord];
    throw new Failure(
      `${topic} was written while it was copied: stop gateways, bridges and all other producers, and run the same command again`,
    );
  }
}

/** How many inputs no aggregator has taken. */
export async function countUntaken(place: OpenPlace, partitions: number): Promise<number> {
  const { log, topics } = place;
  let count = 0;
  const ends = await Promise.all(INPUTS.map((input) => log.ends(topics[input])));
  for (let partition = 0; partition < partitions; partition += 1) {
    const progress = await readProgress(place, partition);
    for (const [index, input] of INPUTS.entries()) {
      const from = progress?.inputs[index]?.nextOffset ?? 0;
      const batches = log.read(topics[input], partition, from, ends[index]![partition] ?? 0);
      for await (const { records } of batches) count += records.length;
    }
  }
  return count;
}

export interface Folding {
  readonly place: OpenPlace;
  readonly partitions: number;
  readonly policy: Policy;
  readonly ending: AbortSignal;
}

/** Lets the aggregator itself take what was written after the last one stopped: what a gateway said while it was stopping. */
export async function foldTheRest({ place, partitions, policy, ending }: Folding): Promise<void> {
  const { log, topics, prefix } = place;
  const aggregator = new Aggregator({ log, clock: new WallClock(), topics, prefix, policy });
  await aggregator.start();
  try {
    while (!isAtRest(aggregator, partitions)) {
      if (ending.aborted) throw new Failure('Stopped before everything was folded.');
      const stopped = aggregator.health().find(({ state }) => state === 'stopped');
      if (stopped !== undefined)
        throw new Failure(`partition ${stopped.partition} cannot be folded: ${stopped.reason}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    await aggregator.stop();
  }
}

function isAtRest({ host }: Aggregator, partitions: number): boolean {
  for (let partition = 0; partition < partitions; partition += 1)
    if (host.task(partition)?.isSettled(-Infinity) !== true) return false;
  return true;
}
