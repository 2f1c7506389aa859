// A day of joins, leaves and doings at a real Synapse, pressed together, with Synapse and Rollcall (gateway, bridge and engine in one
// process) killed at random from a printed seed; then what must be true. `SEED=n` repeats the choices; `npm run test:soak` goes
// on for minutes.
import { freePorts, Synapse } from '#libs/testing';
import { isSoak, seedOf, tell } from '../faults/world.js';
import { endEverything, freshFolder, until } from '../program.js';
import { describeSynapse } from './describe-synapse.js';
import { membershipsIn } from './log-words.js';
import { Person } from './person.js';
import { RollcallBefore } from './rollcall-before.js';
import { TransactionWitness } from './transaction-witness.js';
import { TRIAL_ENVIRONMENT, Trial } from './trial.js';

const KILLS = isSoak ? 40 : 3;
/** Between two kills, with everything running. */
const DOINGS = 30;
const LIMIT_MS = isSoak ? 1_500_000 : 600_000;

describeSynapse('a Synapse and Rollcall that are killed at random', () => {
  const seed = seedOf();
  let synapse: Synapse;
  let trial: Trial;
  let rollcall: RollcallBefore;
  let witness: TransactionWitness;

  beforeAll(async () => {
    const [synapsePort = 0, ourPort = 0, witnessPort = 0] = await freePorts(3);
    synapse = await Synapse.prepare(freshFolder(), synapsePort);
    rollcall = new RollcallBefore(synapse, freshFolder(), ourPort, TRIAL_ENVIRONMENT);
    witness = await TransactionWitness.start(witnessPort, () => rollcall.url);
    await rollcall.writeRegistration(witness.url);
    await Promise.all([synapse.start([rollcall.registrationFile]), rollcall.start()]);
    trial = new Trial({ synapse, rollcall, witness, seed, people: 24, rooms: 6 });
    await trial.settle(new Person(() => rollcall.url, await synapse.register('owner', 'admin')));
  }, LIMIT_MS);

  afterAll(async () => {
    await trial.stop();
    await synapse.stop('SIGKILL');
    await witness.stop();
    await endEverything();
  }, LIMIT_MS);

  it(
    'agree afterwards, and no client has noticed',
    async () => {
      await trial.endure(KILLS, DOINGS);
      tell(await trial.verdict());
      expect(trial.dishonest()).toEqual([]);
      expect(trial.crowd.loggedOut).toBe(0);
      expect(trial.killed.size).toBeGreaterThan(1);
    },
    LIMIT_MS,
  );

  it(
    'pass by a join that Synapse hands over after the leave: it had begun to before it was killed',
    async () => {
      const { owner } = trial;
      const room = await owner.createRoom({ preset: 'public_chat' });
      const visitor = new Person(() => synapse.url, await synapse.register('visitor'));
      const pair = `${room} ${visitor.userId}`;
      witness.way = { leaveOpenWith: visitor.userId };
      await owner.type(room);
      await visitor.join(room);
      await until('the join to be begun', () => witness.kept.length > 0 || undefined);
      await synapse.stop('SIGKILL');
      witness.way = 'pass';
      await synapse.start([rollcall.registrationFile]);
      await visitor.leave(room);
      const told = (): string => (witness.memberships.get(pair) ?? []).map(({ word }) => word).join();
      await until('the leave to be handed over', () => told().endsWith('leave') || undefined);
      const before = told();
      witness.way = 'refuse';
      witness.kept.length = 0;
      await owner.say(room, 'refused');
      await until('a transaction to be refused', () => witness.kept.length > 0 || undefined);
      witness.way = 'pass';
      await until('the join to be handed over again', () => told() === `${before},join` || undefined);
      expect((await rollcall.read(membershipsIn)).get(pair)).toBe('leave');
    },
    LIMIT_MS,
  );
});
