// Seeded histories with everything that can go wrong between a change and its receivers: kills between a join and its
// effects, rebalances, zombies, lost and unseen appends, late policies, commits that vanish. Then heal, and let the oracle judge.
import { recipientTopic, recipientTopicSpec } from '#libs/contracts';
import type { View } from '#libs/presence';
import { PREFIX, TOPICS } from './truth.js';
import { PARTITIONS, World, type Instance, type Slowness } from './world.js';

const USERS = Array.from({ length: 10 }, (_, user) => `@u${user}:hs`);
const ROOMS = ['!a:hs', '!b:hs', '!c:hs'];
const RECIPIENTS = USERS.slice(0, 3);
const SEEDS = Number(process.env['FANOUT_SEEDS'] ?? 24);
const FIRST_SEED = Number(process.env['FANOUT_SEED'] ?? 1);
const STEPS = 60;

class Dice {
  constructor(private state: number) {}

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

const VIEWS: readonly View[] = [
  { presence: 'online', currentlyActive: true, lastActiveAtMs: 1_699_999_000_000 },
  { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 1_699_999_000_000, statusMsg: 'away "for" a bit' },
  { presence: 'busy', currentlyActive: false },
  { presence: 'offline', currentlyActive: false },
  { presence: 'offline', currentlyActive: false, statusMsg: 'back on Monday' },
];

class Disaster {
  readonly #zombies: Instance[] = [];

  constructor(
    private readonly world: World,
    private readonly dice: Dice,
  ) {}

  async step(): Promise<void> {
    const { dice } = this;
    const kind = dice.below(100);
    if (kind < 24) await this.#change();
    else if (kind < 34) await this.#burst(() => this.#change());
    else if (kind < 54) await this.#membership();
    else if (kind < 60) await this.#burst(() => this.#membership());
    else if (kind < 65) await this.world.truth.policy(dice.of(ROOMS), dice.of(['withhold', 'share', null]));
    else if (kind < 72) await this.#kill();
    else if (kind < 79) await this.#begin();
    else if (kind < 84) this.#expire();
    else if (kind < 88) this.#wake();
    else if (kind < 91) await this.#loseCommits();
    else if (kind < 96) await this.#recipientTopic();
    else this.#hurtAppends();
    await this.world.pass(dice.of([0, 0, 1, 40, 600, 3_000]));
  }

  async heal(): Promise<void> {
    for (const { log } of this.world.instances) log.faults.appendFate = undefined;
    for (const zombie of this.#zombies.splice(0)) this.world.log.groupFaults.wake(zombie.member);
    if (this.world.instances.length === 0) await this.world.start(this.slowness());
    await this.world.rest();
  }

  async #change(): Promise<void> {
    const user = this.dice.of(USERS);
    if (this.dice.below(12) === 0) await this.world.truth.forget(user);
    else await this.world.truth.change(user, this.dice.of(VIEWS));
  }

  async #membership(): Promise<void> {
    const word = this.dice.of(['join', 'join', 'join', 'leave', 'ban', 'invite', null] as const);
    await this.world.truth.membership(this.dice.of(ROOMS), this.dice.of(USERS), word);
  }

  async #kill(): Promise<void> {
    const victim = this.world.instances[this.dice.below(4)];
    if (victim === undefined || this.#zombies.includes(victim)) return;
    if (this.dice.below(4) === 0) await this.world.stop(victim);
    else await this.world.kill(victim);
  }

  async #begin(): Promise<void> {
    if (this.world.instances.length < 3) await this.world.start(this.slowness());
  }

  /** Prompt, or slow in one way: each table by itself, and writes. */
  slowness(): Slowness {
    const { dice } = this;
    const spans = new Map([
      ...[TOPICS.states, TOPICS.memberships, TOPICS.rooms, 'writes'].map(
        (what) => [what, dice.of([0, 0, 30, 700])] as const,
      ),
    ]);
    const span = (what: string): number => dice.below(1 + (spans.get(what) ?? 0));
    // Beyond five seconds a step goes on without a recipient topic that does not answer.
    const recipientsMs = dice.of([0, 0, 8_000]);
    const isRecipients = (topic: string): boolean => topic.startsWith(TOPICS.recipientPrefix);
    return {
      read: span,
      write: () => span('writes'),
      append: (topic) => (isRecipients(topic) ? dice.below(1 + recipientsMs) : 0),
    };
  }

  async #burst(act: () => Promise<void>): Promise<void> {
    for (let left = 3 + this.dice.below(15); left > 0; left--) await act();
  }

  /** From now on the group believes it dead; it goes on sending until its last confirmation is too old. */
  #expire(): void {
    const victim = this.world.instances[this.dice.below(3)];
    if (victim === undefined || this.#zombies.includes(victim)) return;
    this.#zombies.push(victim);
    this.world.log.groupFaults.expire(victim.member);
  }

  #wake(): void {
    const zombie = this.#zombies.shift();
    if (zombie !== undefined) this.world.log.groupFaults.wake(zombie.member);
  }

  async #loseCommits(): Promise<void> {
    const partition = this.dice.below(PARTITIONS);
    const offset = this.dice.below(5);
    const metadata = this.dice.of([undefined, 'a tool was here']);
    await this.world.log.commit(`${PREFIX}fanout`, [
      { topic: TOPICS.changes, partition, offset, ...(metadata === undefined ? {} : { metadata }) },
    ]);
  }

  async #recipientTopic(): Promise<void> {
    const name = recipientTopic(PREFIX, this.dice.of(RECIPIENTS));
    const exists = (await this.world.log.describeTopic(name)) !== undefined;
    if (!exists) await this.world.log.createTopics([recipientTopicSpec(name)]);
    else if (this.dice.below(3) === 0) await this.world.log.deleteTopic(name);
    else await this.world.log.append(name, [{ key: this.dice.of(USERS), value: this.dice.of([null, 'vandalism']) }]);
  }

  #hurtAppends(): void {
    const instance = this.world.instances[this.dice.below(3)];
    if (instance === undefined) return;
    const { dice } = this;
    instance.log.faults.appendFate =
      instance.log.faults.appendFate === undefined ? () => dice.of(['commit', 'lost', 'unseen']) : undefined;
  }
}

async function run(seed: number): Promise<void> {
  const dice = new Dice(seed * 7_919);
  const world = await World.open({
    maxPacedPerStep: dice.of([1, 3, 20]),
    maxRecipientsPerStep: dice.of([1, 5, 50]),
    maxFrameBytes: dice.of([200, 260, 2_000]),
    maxReread: dice.of([5, 1_000]),
    commitEveryMs: dice.of([0, 500]),
  });
  const disaster = new Disaster(world, dice);
  await world.start(disaster.slowness());
  for (let step = 0; step < STEPS; step++) await disaster.step();
  await disaster.heal();
  const found = world.judge(await world.output(RECIPIENTS));
  for (const instance of [...world.instances]) await world.kill(instance);
  await world.log.close();
  if (found.length > 0)
    throw new Error(`seed ${seed} (FANOUT_SEED=${seed} FANOUT_SEEDS=1):\n${found.slice(0, 12).join('\n')}`);
}

it(`ends right after any disaster (${SEEDS} seeds from ${FIRST_SEED})`, async () => {
  const failures: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    await run(seed).catch((error: unknown) => failures.push(String(error)));
  }
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${SEEDS} failed\n${failures.slice(0, 5).join('\n\n')}`);
}, 240_000);
