// A log, a clock and a changing crowd of aggregators on it, and everything that may befall them. Invariant: inputs are
// appended at the times of the plan whatever happens; every choice comes from the seed.
import { topicSpecs } from '#libs/contracts';
import { FaultyEventLog, MemoryEventLog, type GroupMember, type LogFaults } from '#libs/event-log';
import { Draw, SimulatedClock, turns } from '#libs/testing';
import type { Limits, Task } from '#libs/processing';
import { Aggregator } from '../../src/aggregator.js';
import { MortalEventLog, type Death } from './mortal-log.js';
import { PARTITIONS, POLICY, START_MS, TOPICS, type Plan } from './plan.js';

/** One process. */
interface Member {
  readonly aggregator: Aggregator;
  readonly log: MortalEventLog;
  readonly faults: LogFaults;
  isZombie: boolean;
  isLeaving: boolean;
}

export interface WorldOptions {
  readonly plan: Plan;
  readonly limits?: Partial<Limits>;
  readonly acceptLoss?: boolean;
  readonly seed?: number;
}

/** What may befall a process; what stands twice befalls twice as often. */
const FAULTS = [
  'kill',
  'kill',
  'leave',
  'unknown outcome',
  'unknown outcome',
  'slow log',
  'unreachable',
  'twice',
  'redelivery',
  'nap',
  'zombie',
  'foreign producer',
] as const;

export class World {
  readonly clock = new SimulatedClock(START_MS);
  readonly log = new MemoryEventLog({ now: this.clock.now, controlRecords: true, batchRecords: 5 });
  /** What befell, for whoever wonders whether anything did. */
  readonly befell = new Map<string, number>();
  readonly members: Member[] = [];
  readonly draw: Draw;

  constructor(private readonly options: WorldOptions) {
    this.draw = new Draw(options.seed ?? 1);
  }

  async open(): Promise<void> {
    await this.log.createTopics(topicSpecs({ prefix: 'presence.', partitions: PARTITIONS, deliveryPartitions: 1 }));
  }

  get living(): readonly Member[] {
    return this.members.filter(({ log }) => !log.isDead);
  }

  /** A new process; it may be one that dies soon. */
  async join(death?: Death): Promise<void> {
    const faults: LogFaults = {};
    const log = new MortalEventLog(new FaultyEventLog(this.log, faults), death, () => {
      this.note('death');
      // The group notices a dead member only after a while.
      this.clock.wakeAt(this.clock.nowMs() + this.draw.below(3_000), () => {
        if (log.member !== undefined) this.log.groupFaults.expire(log.member);
      });
    });
    const aggregator = new Aggregator({
      log,
      clock: this.clock,
      topics: TOPICS,
      prefix: 'presence.',
      policy: POLICY,
      acceptLoss: this.options.acceptLoss ?? false,
      limits: {
        queuedRecords: 12,
        transactionInputs: 9,
        sliceInputs: 4,
        sweepInputs: 40,
        sweepMs: 5_000,
        quietSweepMs: 60_000,
        endsEveryMs: 400,
        ...this.options.limits,
      },
    });
    this.members.push({ aggregator, log, faults, isZombie: false, isLeaving: false });
    await aggregator.start();
  }

  /** Appends what the plan holds up to a time, and lets time pass to there. */
  async passTo(atMs: number): Promise<void> {
    const { inputs } = this.options.plan;
    for (let input = inputs[this.#planned]; input !== undefined && input.atMs <= atMs; input = inputs[this.#planned]) {
      await this.clock.runTo(input.atMs, rest);
      await this.log.append(TOPICS[input.topic], [{ key: input.userId, value: input.value }]);
      this.#planned += 1;
    }
    await this.clock.runTo(atMs, rest);
  }

  #planned = 0;

  /** Something goes wrong, or is mended. */
  async disturb(): Promise<void> {
    const { draw } = this;
    const living = this.living.filter(({ isZombie, isLeaving }) => !isZombie && !isLeaving);
    const victim = living.length > 0 ? draw.of(living) : undefined;
    if (living.length === 0 || (living.length < 3 && draw.chance(0.25))) return this.#newMember();
    if (victim === undefined || draw.chance(0.3)) return;
    const fault = draw.of(FAULTS);
    this.note(fault);
    await this.#befall(fault, victim);
  }

  async #befall(fault: (typeof FAULTS)[number], victim: Member): Promise<void> {
    switch (fault) {
      case 'kill':
        return victim.log.die();
      case 'leave':
        return this.#leave(victim);
      case 'unknown outcome':
        return this.#fate(victim, this.draw.of(['lost', 'unseen']));
      case 'slow log':
        return this.#slow(victim);
      case 'unreachable':
        return this.#unreachable(victim);
      case 'twice':
        victim.faults.twice = () => this.draw.chance(0.5);
        return;
      case 'redelivery':
        return this.#redeliver(victim);
      case 'nap':
        return this.#nap(victim);
      case 'zombie':
        return this.#zombie(victim);
      case 'foreign producer':
        await this.log.transactor(`presence.aggregator-${this.draw.below(PARTITIONS)}`);
    }
  }

  /** No more faults; whoever sleeps wakes; somebody is there. */
  async heal(): Promise<void> {
    for (const member of this.living) {
      member.log.spare();
      Object.assign(member.faults, { beforeWrite: undefined, fate: undefined, twice: undefined, unreachable: false });
      if (member.isZombie) this.log.groupFaults.wake(groupMemberOf(member));
      member.isZombie = false;
    }
    if (this.living.every(({ isLeaving }) => isLeaving)) await this.join();
    await rest();
  }

  /** The tasks that serve, one a partition. */
  get tasks(): readonly Task[] {
    return this.living.flatMap(({ aggregator }) => aggregator.host.tasks).filter(({ state }) => state === 'live');
  }

  async stop(): Promise<void> {
    await Promise.all(this.living.map(({ aggregator }) => aggregator.stop()));
  }

  note(name: string): void {
    this.befell.set(name, (this.befell.get(name) ?? 0) + 1);
  }

  #newMember(): Promise<void> {
    const dies = this.draw.chance(0.5);
    this.note('join');
    return this.join(dies ? { atCall: 1 + this.draw.below(60), afterEffect: this.draw.chance(0.5) } : undefined);
  }

  async #leave(member: Member): Promise<void> {
    member.isLeaving = true;
    const stopped = member.aggregator.stop().then(() => {
      member.log.isDead = true;
    });
    await Promise.race([stopped, rest()]);
  }

  #fate({ faults }: Member, fate: 'lost' | 'unseen'): void {
    faults.fate = () => {
      faults.fate = undefined;
      return fate;
    };
  }

  #slow({ faults }: Member): void {
    const untilMs = this.clock.nowMs() + 4_000;
    faults.beforeWrite = () =>
      new Promise((resolve) => {
        if (this.clock.nowMs() >= untilMs) faults.beforeWrite = undefined;
        this.clock.wakeAt(this.clock.nowMs() + this.draw.below(800), resolve);
      });
  }

  #unreachable({ faults }: Member): void {
    faults.unreachable = true;
    this.clock.wakeAt(this.clock.nowMs() + this.draw.below(6_000), () => {
      faults.unreachable = false;
    });
  }

  #redeliver(member: Member): void {
    const groupMember = groupMemberOf(member);
    const partitions = [...groupMember.assigned];
    const topic = this.draw.chance(0.5) ? TOPICS.activity : TOPICS.commands;
    if (partitions.length > 0)
      this.log.groupFaults.redeliver(groupMember, topic, this.draw.of(partitions), this.draw.below(20));
  }

  /** Reads nothing for a while, and is still believed in: what it reads then is late in both inputs. */
  #nap(member: Member): void {
    const groupMember = groupMemberOf(member);
    this.log.groupFaults.suspend(groupMember);
    this.clock.wakeAt(this.clock.nowMs() + this.draw.below(6_000), () => {
      if (!member.isZombie && !member.log.isDead) this.log.groupFaults.wake(groupMember);
    });
  }

  /** As SIGSTOP past the session timeout: others take over; later it wakes and believes that nothing happened. */
  #zombie(member: Member): void {
    const groupMember = groupMemberOf(member);
    member.isZombie = true;
    this.log.groupFaults.expire(groupMember);
    this.clock.wakeAt(this.clock.nowMs() + this.draw.below(9_000), () => {
      if (member.isZombie && !member.log.isDead) this.log.groupFaults.wake(groupMember);
      member.isZombie = false;
    });
  }
}

function groupMemberOf({ log }: Member): GroupMember {
  if (log.member === undefined) throw new Error('this process has not joined');
  return log.member;
}

const rest = (): Promise<void> => turns(12);

/** The plan, with something going wrong every now and then, and after the heal time enough for every timer. */
export async function runWorld(options: WorldOptions, faultsEveryMs = Infinity): Promise<World> {
  const world = new World(options);
  const { plan } = options;
  await world.open();
  await world.join();
  for (let atMs = START_MS; atMs < plan.endMs; atMs += Math.min(faultsEveryMs, plan.endMs - START_MS)) {
    await world.passTo(atMs);
    if (faultsEveryMs !== Infinity) await world.disturb();
  }
  await world.passTo(plan.endMs);
  await world.heal();
  await world.passTo(plan.endMs + 120_000);
  return world;
}
