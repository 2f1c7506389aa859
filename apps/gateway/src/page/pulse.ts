// How the engine does, from the log and the views alone: how far its topics reach, and how far the fold is behind them. Invariant:
// the log is asked at most twice a second, however many pages look; no other process is asked anything, so that it is the
// same on the embedded log and on Kafka.
import type { Gateway } from '../gateway.js';
import type { OpenIndex } from './looking-back.js';

export interface PulseTold {
  readonly now_ts: number;
  /** Records since the topics began (inputs, deliveries) or since the index was opened (changes, rejected). */
  readonly totals: {
    readonly index: string;
    readonly inputs: number;
    readonly changes: number;
    readonly deliveries: number;
    readonly rejected: number;
  };
  /** Inputs written and not folded yet. */
  readonly lag: readonly { readonly activity: number; readonly commands: number }[];
  /** The oldest time that can be looked back to. */
  readonly history_from_ts: number;
}

interface Ends {
  readonly activity: readonly number[];
  readonly commands: readonly number[];
  readonly deliveries: readonly number[];
}

const REMEMBERED_MS = 500;

export class Pulse {
  #asked: { readonly atMs: number; readonly ends: Promise<Ends> } | undefined;

  constructor(private readonly gateway: Gateway) {}

  async tell({ name, changes, rejected }: OpenIndex): Promise<PulseTold> {
    const nowMs = this.gateway.options.clock.nowMs();
    const { activity, commands, deliveries } = await this.#ends(nowMs);
    const { states } = this.gateway;
    const covered = changes.coveredFromMs;
    return {
      now_ts: nowMs,
      totals: {
        index: name,
        inputs: sum(activity) + sum(commands),
        changes: changes.next,
        deliveries: sum(deliveries),
        rejected,
      },
      lag: activity.map((end, partition) => ({
        activity: Math.max(0, end - states.progress(partition, 'activity')),
        commands: Math.max(0, (commands[partition] ?? 0) - states.progress(partition, 'commands')),
      })),
      history_from_ts: Math.min(nowMs, covered === -Infinity ? (changes.firstAtMs ?? nowMs) : covered),
    };
  }

  #ends(nowMs: number): Promise<Ends> {
    if (this.#asked === undefined || nowMs - this.#asked.atMs >= REMEMBERED_MS)
      this.#asked = { atMs: nowMs, ends: this.#ask() };
    return this.#asked.ends;
  }

  async #ask(): Promise<Ends> {
    const { topics, options } = this.gateway;
    const [activity, commands, deliveries] = await Promise.all(
      [topics.activity, topics.commands, topics.deliveries].map((topic) => options.log.ends(topic)),
    );
    return { activity: activity ?? [], commands: commands ?? [], deliveries: deliveries ?? [] };
  }
}

function sum(ends: readonly number[]): number {
  return ends.reduce((total, end) => total + end, 0);
}
