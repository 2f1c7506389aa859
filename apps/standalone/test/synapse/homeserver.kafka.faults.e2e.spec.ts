// The guide's way on Kafka, on a real Synapse and a real broker: aggregator, fan-out, two gateways and a bridge as processes of their
// own; and then any of the five, or Synapse, killed at random under a crowd, from a printed seed. `SEED=n` repeats the choices.
import { describeKafka, freePorts, Synapse } from '#libs/testing';
import { isSoak, seedOf, tell } from '../faults/world.js';
import { endEverything, freshFolder, until } from '../program.js';
import { describeSynapse } from './describe-synapse.js';
import { Person } from './person.js';
import { RollcallOnKafka } from './rollcall-on-kafka.js';
import { TransactionWitness } from './transaction-witness.js';
import { TRIAL_ENVIRONMENT, Trial } from './trial.js';

const KILLS = isSoak ? 40 : 2;
/** Between two kills, with everything running. */
const DOINGS = isSoak ? 40 : 20;
const LIMIT_MS = isSoak ? 1_800_000 : 900_000;

describeSynapse('Rollcall on Kafka in front of a Synapse', () => {
  describeKafka('as services of their own', (kafka) => {
    const seed = seedOf();
    let synapse: Synapse;
    let rollcall: RollcallOnKafka;
    let witness: TransactionWitness;
    let trial: Trial | undefined;
    let owner: Person;
    let friend: Person;
    let away: Person | undefined;

    beforeAll(async () => {
      const [synapsePort = 0, witnessPort = 0, ...ports] = await freePorts(7);
      synapse = await Synapse.prepare(freshFolder(), synapsePort);
      const folder = freshFolder();
      rollcall = new RollcallOnKafka({ kafka: kafka(), synapse, folder, ports, environment: TRIAL_ENVIRONMENT });
      witness = await TransactionWitness.start(witnessPort, () => rollcall.bridgeUrl);
      await synapse.start();
      owner = new Person(() => rollcall.urls[0] ?? '', await synapse.register('owner', 'admin'));
      friend = new Person(() => rollcall.urls[1] ?? '', await synapse.register('friend'));
      const before = new Person(() => synapse.url, owner.who);
      const room = await before.createRoom({ invite: [friend.userId] });
      await new Person(() => synapse.url, friend.who).join(room);
    }, LIMIT_MS);

    afterEach(async () => {
      await Promise.all([owner, friend].map((one) => one.stopLoop()));
      await away?.stopLoop();
    });

    afterAll(async () => {
      await trial?.stop();
      await synapse.stop('SIGKILL');
      await witness.stop();
      await endEverything();
    }, LIMIT_MS);

    it(
      'serve by the guide: the rooms that were there, a PUT at one gateway told by the other',
      async () => {
        await rollcall.writeRegistration(witness.url);
        await rollcall.start();
        await synapse.stop();
        await synapse.sql(
          'UPDATE appservice_stream_position SET stream_ordering = (SELECT MAX(stream_ordering) FROM events)',
        );
        await synapse.start([rollcall.registrationFile]);
        expect(await rollcall.importRooms(owner.who.token)).toMatchObject({ rooms: 1, joins: 2, leaves: 0 });
        expect(await rollcall.importRooms(owner.who.token)).toMatchObject({ rooms: 1, joins: 0, leaves: 0 });
        friend.startLoop(10_000);
        await owner.put('online', 'hello');
        await friend.isTold(owner, { presence: 'online', status_msg: 'hello' });
      },
      LIMIT_MS,
    );

    it(
      'end the session whose token Synapse refuses, at every gateway, and nobody else’s',
      async () => {
        away = await Person.login(() => rollcall.urls[0] ?? '', 'friend', 'AWAY');
        friend.startLoop(10_000, { set_presence: 'offline' });
        // The loop of the case before is over: from here on, only the device that is taken away is their presence.
        await owner.sees(friend, { presence: 'offline' });
        away.startLoop(2_000, { set_presence: 'online' });
        owner.startLoop(10_000);
        await owner.isTold(friend, { presence: 'online' });
        owner.presence.length = 0;
        // An administrator takes the device away, while its poll waits.
        const devices = `/_synapse/admin/v2/users/${encodeURIComponent(friend.userId)}/devices`;
        await owner.must('DELETE', `${devices}/AWAY`);
        await until('the device to be refused', () => (away?.statuses.has(401) === true ? true : undefined));
        await owner.isTold(friend, { presence: 'offline' });
        // It goes on asking, as broken clients do, and is nobody's presence by that.
        const failed = away.failed + 3;
        await until('it to ask on', () => (Number(away?.failed) >= failed ? true : undefined));
        const told = owner.presence.filter(({ sender }) => sender === friend.userId);
        const fell = told.findIndex(({ content }) => content['presence'] === 'offline');
        expect(told.slice(fell).map(({ content }) => content['presence'])).toEqual(['offline']);
        expect((await owner.presenceOf(friend))['presence']).toBe('offline');
        const put = `/_matrix/client/v3/presence/${encodeURIComponent(friend.userId)}/status`;
        for (const url of rollcall.urls) {
          const headers = { authorization: `Bearer ${away.who.token}` };
          const answer = await fetch(url + put, { method: 'PUT', headers, body: '{"presence":"online"}' });
          expect(answer.status).toBe(401);
        }
        expect([...friend.statuses, ...owner.statuses].filter((status) => status !== 200)).toEqual([]);
      },
      LIMIT_MS,
    );

    it(
      'agree with Synapse after any of them was killed, and no client has noticed',
      async () => {
        trial = new Trial({ synapse, rollcall, witness, seed, people: 12, rooms: 4 });
        await trial.settle(new Person(() => rollcall.urls[0] ?? '', owner.who));
        await trial.endure(KILLS, DOINGS);
        tell(`on Kafka, ${await trial.verdict()}; ${String(rollcall.refusedStarts)} starts refused and tried again`);
        expect(trial.dishonest()).toEqual([]);
        expect(trial.crowd.loggedOut).toBe(0);
        expect(trial.killed.size).toBeGreaterThan(1);
      },
      LIMIT_MS,
    );
  });
});
