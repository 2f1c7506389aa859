// A steady, seeded load of inputs, written as any foreign service would write them. Invariant: it remembers every record that
// was acknowledged with its place, so that whoever judges knows what must be there; what waits for the log is bounded.
import { INPUTS, type InputWord, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { Draw } from '#libs/testing';

const TICK_MS = 20;
/** Appends that may wait for the log at once; while they do, no more are made. */
const MOST_WAITING = 100;

export interface LoadOptions {
  readonly log: Pick<EventLog, 'append'>;
  readonly topics: TopicNames;
  readonly users: readonly string[];
  readonly seed: number;
  readonly perSecond: number;
}

export interface Acknowledged {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

export class Load {
  readonly acknowledged: Acknowledged[] = [];
  /** Of these it is not known whether they were written. */
  refused = 0;
  readonly #draw: Draw;
  readonly #waiting = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #stopping = false;

  constructor(private readonly options: LoadOptions) {
    this.#draw = new Draw(options.seed);
  }

  start(): void {
    this.#stopping = false;
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    this.#running = undefined;
    await Promise.all(this.#waiting);
  }

  /** What was acknowledged until now need not be there any more: it was deleted on purpose. */
  forget(): void {
    this.acknowledged.length = 0;
  }

  /** At once, and awaited. */
  async burst(inputs: number): Promise<void> {
    this.#append(inputs);
    await Promise.all(this.#waiting);
  }

  async #run(): Promise<void> {
    const startedMs = performance.now();
    for (let made = 0; !this.#stopping;) {
      const due = Math.floor(((performance.now() - startedMs) / 1000) * this.options.perSecond);
      if (this.#waiting.size < MOST_WAITING) this.#append(due - made);
      made = due;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  #append(count: number): void {
    const drawn: Record<InputWord, { key: string; value: string }[]> = { activity: [], commands: [] };
    for (let input = 0; input < count; input += 1) {
      const key = this.#draw.of(this.options.users);
      const topic = this.#draw.chance(0.75) ? 'activity' : 'commands';
      const fields = topic === 'activity' ? activity(this.#draw) : command(this.#draw);
      const isBroken = this.#draw.chance(0.01);
      drawn[topic].push({
        key,
        value: isBroken ? '{"type":"nonsense"}' : JSON.stringify({ v: 1, user_id: key, ...fields }),
      });
    }
    for (const word of INPUTS) if (drawn[word].length > 0) this.#send(this.options.topics[word], drawn[word]);
  }

  #send(topic: string, records: readonly { readonly key: string; readonly value: string }[]): void {
    const sent = this.options.log.append(topic, records).then(
      (appended) => {
        for (const [index, { partition, offset }] of appended.entries())
          this.acknowledged.push({ topic, partition, offset, value: records[index]!.value });
      },
      () => {
        this.refused += records.length;
      },
    );
    const waiting: Promise<void> = sent.finally(() => this.#waiting.delete(waiting));
    this.#waiting.add(waiting);
  }
}

function activity(draw: Draw): object {
  const device = { device_id: draw.of(['A', 'B']) };
  const session = { ...device, session_id: draw.of(['1', '2']) };
  if (draw.chance(0.5)) return { type: 'device.active', ...device };
  if (draw.chance(0.3)) return { type: 'device.disconnected', ...session, ago_ms: draw.of([0, 100, 400]) };
  const claim = draw.of(['auto', 'auto', 'online', 'unavailable', 'none']);
  return { type: 'device.connected', ...session, claim, lease_ms: draw.of([300, 1_500, 4_000]) };
}

function command(draw: Draw): object {
  if (draw.chance(0.05)) return { type: 'user.forget' };
  if (draw.chance(0.2)) return { type: 'presence.override', presence: draw.of(['busy', 'offline', null, null]) };
  const presence = draw.of(['online', 'unavailable', 'offline', 'busy']);
  return { type: 'presence.set', device_id: draw.of(['A', 'B']), presence, status_msg: draw.of(['', 'hi', 'away']) };
}
