// `rollcall topics copy`: one order of steps, each of which may be cut off and done again. Invariant: until the last of them no
// service starts on the copy, and a copy that is not equal to what it was made of is never done.
import { type Policy } from '#libs/presence';
import { recipientTopicSpec, topicSpecs, type CopyMark, type TopicWord } from '#libs/contracts';
import { FencedError, type TopicDescription, type TopicSpec } from '#libs/event-log';
import { Failure } from '../failure.js';
import { judgeShape } from '../topics/shapes.js';
import { CopyWriter } from './copy-writer.js';
import { type Digest, digestOfChanges, digestOfTable, digestsOfImages } from './digests.js';
import { keepMark, lastMark, requireEmpty } from './journal.js';
import type { ImageOrder } from './partition-image.js';
import type { OpenPlace } from './places.js';
import { type Ends, countUntaken, endsOf, foldTheRest, requireNobody, requireUnmoved, writtenOf } from './stopped.js';
import { copyStream } from './streams.js';
import { copyTables, writeProgress } from './tables.js';

export interface CopyOrder {
  readonly from: OpenPlace;
  readonly to: OpenPlace;
  /** Absent: as many as there are. */
  readonly partitions?: number;
  readonly policy: Policy;
  readonly ending: AbortSignal;
  /** Sentences for people. */
  readonly note: (sentence: string) => Promise<void>;
  readonly show: (say: () => string) => void;
}

export interface CopyOutcome {
  readonly outcome: 'copied' | 'already copied';
  readonly from: string;
  readonly to: string;
  readonly partitions: number;
  readonly deliveryPartitions: number;
  /** Equal before and after; empty when it was copied already. */
  readonly compared: Readonly<Record<string, Digest>>;
}

const STREAMS = ['changes', 'memberships', 'rooms'] as const;
/** Nothing that a log deletes while it is compared counts. */
const DELETED_SOON_MS = 6 * 3_600_000;

export async function copyTopics(order: CopyOrder): Promise<CopyOutcome> {
  const { from, to, note } = order;
  const shapes = await shapesOf(from);
  for (const place of [from, to]) await requireNobody(place);
  const before = await lastMark(to);
  const source = [...shapes.values()].map(({ id }) => id).join(' ');
  if (before === undefined) await requireEmpty(to);
  else if (before.source !== source)
    throw new Failure(`${to.words} is a copy of another log, ${before.from}: choose another --to`);
  const counts = countsOf(order, shapes);
  if (before?.kind === 'done') return alreadyCopied(order, before, counts);
  await requireFolded(order, shapes.get('activity')!.partitions);
  const copy = new Copy(order, shapes, counts);
  const mark: CopyMark = { kind: 'begun', atMs: Date.now(), from: from.words, source, written: '', ownChanges: [] };
  // First of all: from now on these topics are no log to start on.
  await keepMark(to, mark);
  if (before !== undefined) await note(`Going on with the copy of ${from.words}.`);
  return copy.run(mark, before !== undefined);
}

interface Counts {
  readonly partitions: number;
  readonly deliveryPartitions: number;
}

async function shapesOf({ log, topics, words }: OpenPlace): Promise<Map<TopicWord, TopicDescription>> {
  const shapes = new Map<TopicWord, TopicDescription>();
  for (const word of [
    'activity',
    'commands',
    'states',
    'registers',
    'changes',
    'memberships',
    'rooms',
    'deliveries',
  ] as const) {
    const found = await log.describeTopic(topics[word]);
    if (found === undefined) throw new Failure(`${topics[word]} does not exist: there is no log of ours as ${words}`);
    shapes.set(word, found);
  }
  return shapes;
}

/** An embedded log has no use for more than one partition of deliveries; on Kafka gateways share them. */
function countsOf(order: CopyOrder, shapes: ReadonlyMap<TopicWord, TopicDescription>): Counts {
  const { partitions = shapes.get('activity')!.partitions, from, to } = order;
  const found = shapes.get('deliveries')!.partitions;
  return { partitions, deliveryPartitions: from.isEmbedded && !to.isEmbedded ? Math.max(found, partitions) : found };
}

async function alreadyCopied({ from, to }: CopyOrder, mark: CopyMark, counts: Counts): Promise<CopyOutcome> {
  if (writtenOf(await endsOf(from)) !== mark.written)
    throw new Failure(
      `${to.words} was copied at ${new Date(mark.atMs).toISOString()}, and ${from.words} has gone on since: choose another --to`,
    );
  return { outcome: 'already copied', from: from.words, to: to.words, ...counts, compared: {} };
}

async function requireFolded(order: CopyOrder, partitions: number): Promise<void> {
  const { from: place, policy, ending, note } = order;
  const untaken = await countUntaken(place, partitions);
  if (untaken === 0) return;
  await note(
    `${untaken} inputs were written after the last aggregator stopped: folding them first, in ${place.words}.`,
  );
  await foldTheRest({ place, partitions, policy, ending });
  const left = await countUntaken(place, partitions);
  if (left > 0)
    throw new Failure(
      `${place.words} is still being written (${left} more inputs): stop gateways and all other producers`,
    );
}

class Copy {
  constructor(
    private readonly order: CopyOrder,
    private readonly shapes: ReadonlyMap<TopicWord, TopicDescription>,
    private readonly counts: Counts,
  ) {}

  async run(mark: CopyMark, isResumed: boolean): Promise<CopyOutcome> {
    const { from, to } = this.order;
    const ends = await endsOf(from);
    await this.#createTopics();
    await this.#copyAll(ends, isResumed);
    await requireUnmoved(from, ends);
    const compared = await this.#compare();
    await this.#createRecipients();
    await requireNobody(to);
    const ownChanges = await to.log.ends(to.topics.changes);
    await keepMark(to, { ...mark, kind: 'done', atMs: Date.now(), written: writtenOf(ends), ownChanges });
    return { outcome: 'copied', from: from.words, to: to.words, ...this.counts, compared };
  }

  /** As topics are now, but for what the operator of the old ones chose to keep, and for how long. */
  #specs(): TopicSpec[] {
    const { to } = this.order;
    const kept = new Map([...this.shapes].map(([word, shape]) => [to.topics[word], shape]));
    return topicSpecs({ prefix: to.prefix, ...this.counts }).map((spec) => {
      const old = kept.get(spec.name);
      return old === undefined ? spec : withRetention(spec, old);
    });
  }

  /** What an operator created beforehand must fit; how long it keeps is theirs to say. */
  async #createTopics(): Promise<void> {
    const { log } = this.order.to;
    const missing: TopicSpec[] = [];
    for (const spec of this.#specs()) {
      const { outcome, faults } = judgeShape(spec, await log.describeTopic(spec.name));
      if (outcome === 'differs') throw new Failure(faults.join('\n'));
      if (outcome === 'missing') missing.push(spec);
    }
    await log.createTopics(missing);
  }

  async #copyAll(ends: Ends, isResumed: boolean): Promise<void> {
    const { to, from, ending, note, show } = this.order;
    const { partitions } = this.counts;
    const transactor = await to.log.transactor(`${to.prefix}copy`);
    try {
      const writer = new CopyWriter(transactor, ending, (written) => {
        show(() => `copying: ${written} records`);
      });
      for (const word of STREAMS) {
        const skipped = await copyStream({
          from: { log: from.log, topic: from.topics[word], ends: ends[word] },
          to: { log: to.log, topic: to.topics[word], partitions },
          writer,
        });
        if (skipped > 0) await note(`${skipped} records of ${from.topics[word]} have no key and were left out.`);
      }
      const tables = { source: this.#image, to, partitions, writer, isResumed };
      await writeProgress(tables, await copyTables(tables));
    } catch (error) {
      if (error instanceof FencedError) throw new Failure(`another copy to ${to.words} has begun: this one ends`);
      throw error;
    } finally {
      await transactor.close();
    }
  }

  get #image(): ImageOrder {
    const { from: place, policy } = this.order;
    return { place, partitions: this.shapes.get('activity')!.partitions, policy };
  }

  /** Reads both logs again and throws when they differ. */
  async #compare(): Promise<Record<string, Digest>> {
    const { from, to, show } = this.order;
    const { retentionMs } = this.shapes.get('changes')!;
    const sinceMs = retentionMs === undefined ? -Infinity : Date.now() - retentionMs + DELETED_SOON_MS;
    const compared: Record<string, Digest> = {};
    const compare = (word: TopicWord, old: Digest, copied: Digest): void => {
      if (old.count !== copied.count || old.digest !== copied.digest) {
        const told = `${old.count} (${old.digest}) there, ${copied.count} (${copied.digest}) here`;
        throw new Failure(
          `the copy of ${word} differs: ${told}. Run the same command again; if it differs again, this is a fault of ours`,
        );
      }
      compared[word] = copied;
    };
    for (const word of ['memberships', 'rooms'] as const) {
      show(() => `comparing ${word}`);
      const digests = [from, to].map(({ log, topics }) => digestOfTable(log, topics[word], 'none'));
      compare(word, await digests[0]!, await digests[1]!);
    }
    show(() => 'comparing changes');
    const changes = [from, to].map(({ log, topics }) => digestOfChanges(log, topics.changes, sinceMs));
    compare('changes', await changes[0]!, await changes[1]!);
    show(() => 'comparing states and registers');
    const images = await digestsOfImages(this.#image);
    for (const word of ['states', 'registers'] as const)
      compare(word, images[word], await digestOfTable(to.log, to.topics[word], 'left out'));
    return compared;
  }

  /** A topic of a recipient is a subscription: the fan-out fills the new one. */
  async #createRecipients(): Promise<void> {
    const { from, to } = this.order;
    const prefix = from.topics.recipientPrefix;
    const names = (await from.log.listTopics()).filter((name) => name.startsWith(prefix));
    const specs = await Promise.all(
      names.map(async (name) => {
        const spec = recipientTopicSpec(to.topics.recipientPrefix + name.slice(prefix.length));
        return { ...spec, partitions: (await from.log.describeTopic(name))?.partitions ?? spec.partitions };
      }),
    );
    await to.log.createTopics(specs);
  }
}

function withRetention(spec: TopicSpec, { retentionMs, minCompactionLagMs }: TopicDescription): TopicSpec {
  const { retentionMs: _, minCompactionLagMs: __, ...shape } = spec;
  return {
    ...shape,
    ...(spec.cleanup === 'delete' && retentionMs !== undefined ? { retentionMs } : {}),
    ...(spec.cleanup === 'compact' && minCompactionLagMs !== undefined ? { minCompactionLagMs } : {}),
  };
}
