// Rollcall in front of a real Synapse whose presence is off, in the order in which an operator puts it there: rooms that were there
// before, the registration, the import, and then what users do, through the gateway alone. What is compared is compared with
// Synapse's own word.
import { ClientEvent, RoomEvent, SyncState, UserEvent, createClient, type MatrixClient } from 'matrix-js-sdk';
import { Synapse, freePorts } from '#libs/testing';
import { endEverything, freshFolder, until } from './program.js';
import { describeSynapse } from './synapse/describe-synapse.js';
import { NioClient } from './synapse/nio-client.js';
import { Person } from './synapse/person.js';
import { RollcallBefore, joinedAtSynapse } from './synapse/rollcall-before.js';

jest.setTimeout(240_000);
const START_LIMIT_MS = 900_000;
const WHOLE_TIMELINE = JSON.stringify({ room: { timeline: { limit: 500 } } });

interface Slid {
  readonly pos: string;
  readonly rooms: Readonly<Record<string, { readonly timeline?: readonly { readonly content: { body?: string } }[] }>>;
  readonly extensions: {
    readonly presence?: { readonly events: readonly { readonly content: Readonly<Record<string, unknown>> }[] };
  };
}

let synapse: Synapse;
let rollcall: RollcallBefore;
/** An administrator of the homeserver. */
let alice: Person;
let bob: Person;
let oldRoom: string;
let oldToken: string;
const looping: Person[] = [];

const gateway = (): string => rollcall.url;

async function person(name: string): Promise<Person> {
  return new Person(gateway, await synapse.register(name, 'notadmin', gateway()));
}

/** A room in which all of them are; the first made it. */
async function roomOf(first: Person, ...others: readonly Person[]): Promise<string> {
  const roomId = await first.createRoom();
  await first.invite(roomId, ...others);
  for (const other of others) await other.join(roomId);
  return roomId;
}

function loop(of: Person, query: Readonly<Record<string, string>> = {}): void {
  of.startLoop(20_000, query);
  looping.push(of);
}

async function membershipsAgree(): Promise<void> {
  let seen = '';
  await until('the memberships to be the homeserver’s', async () => {
    const [ours, theirs] = [await rollcall.joinedInLog(), await joinedAtSynapse(synapse, alice.who.token)];
    seen = ours.join();
    return theirs.length > 0 && seen === theirs.join() ? true : undefined;
  });
}

describeSynapse('in front of a Synapse without presence', () => {
  beforeAll(async () => {
    const [synapsePort = 0, ourPort = 0] = await freePorts(2);
    synapse = await Synapse.prepare(freshFolder(), synapsePort);
    const rates = { PUT_PER_SECOND: '100000', PUT_BURST: '100000' };
    const environment = { OFFLINE_AFTER_MS: '3000', PUBLIC_ROOMS: 'withhold', SLIDING_SYNC_PRESENCE: 'yes', ...rates };
    rollcall = new RollcallBefore(synapse, freshFolder(), ourPort, environment);
    await synapse.start();
    const before = (): string => synapse.url;
    const [early, other] = [
      new Person(before, await synapse.register('alice', 'admin')),
      new Person(before, await synapse.register('bob')),
    ];
    oldRoom = await roomOf(early, other);
    oldToken = (await early.sync()).next_batch;
    await early.say(oldRoom, 'before Rollcall');
    await synapse.stop();
    await rollcall.writeRegistration();
    // As the guide has it: a homeserver without application services would tell its whole past first.
    await synapse.sql(
      'UPDATE appservice_stream_position SET stream_ordering = (SELECT MAX(stream_ordering) FROM events)',
    );
    await Promise.all([synapse.start([rollcall.registrationFile]), rollcall.start()]);
    alice = new Person(gateway, early.who);
    bob = new Person(gateway, other.who);
  }, START_LIMIT_MS);

  afterEach(async () => {
    await Promise.all(looping.splice(0).map((one) => one.stopLoop()));
  });

  afterAll(async () => {
    await synapse.stop('SIGKILL');
    await endEverything();
  }, START_LIMIT_MS);

  it('imports the rooms that were there before, and has nothing to write when it does so again', async () => {
    expect(await rollcall.joinedInLog()).toEqual([]);
    expect(await rollcall.importRooms(alice.who.token)).toMatchObject({ rooms: 1, joins: 2, leaves: 0, unknown: 0 });
    await membershipsAgree();
    expect(await rollcall.importRooms(alice.who.token)).toEqual({
      rooms: 1,
      joins: 0,
      leaves: 0,
      policies: 0,
      unknown: 0,
    });
  });

  it('takes a token from before Rollcall stood here: the messages since then, and everybody who is there', async () => {
    await bob.put('online', 'here all the time');
    alice.since = oldToken;
    const first = await alice.sync();
    expect(alice.bodies).toEqual(['before Rollcall']);
    await alice.isTold(bob, { presence: 'online', status_msg: 'here all the time' });
    expect(first.next_batch).toMatch(/^rc~/);
    await alice.sync();
    expect(alice.bodies).toEqual(['before Rollcall']);
  });

  it('has the homeserver’s memberships: rooms made, invitations, joins, leaves, kicks and bans', async () => {
    const [carla, dirk, emma] = [await person('carla'), await person('dirk'), await person('emma')];
    const room = await roomOf(alice, bob, carla, dirk);
    await alice.invite(room, emma);
    await membershipsAgree();
    await bob.leave(room);
    await alice.must('POST', `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/kick`, { user_id: carla.userId });
    await alice.must('POST', `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/ban`, { user_id: dirk.userId });
    await membershipsAgree();
    expect((await rollcall.joinedInLog()).filter((line) => line.startsWith(room))).toEqual([`${room} ${alice.userId}`]);
    await bob.must('POST', '/_matrix/client/v3/createRoom', { preset: 'public_chat' });
    await membershipsAgree();
  });

  it('brings presence and the homeserver’s events in one loop, each as soon as it is there', async () => {
    const [frida, gerd] = [await person('frida'), await person('gerd')];
    const room = await roomOf(frida, gerd);
    await membershipsAgree();
    loop(gerd);
    await frida.put('busy', 'writing');
    await gerd.isTold(frida, { status_msg: 'writing' });
    await frida.say(room, 'hello');
    await gerd.reads('hello');
    expect((await frida.presenceOf(gerd))['presence']).toBe('online');
  });

  it('takes set_presence for the session, and a session that ends for leaving', async () => {
    const [hans, ida] = [await person('hans'), await person('ida')];
    await roomOf(hans, ida);
    await membershipsAgree();
    loop(ida, { set_presence: 'offline' });
    await hans.sync({ set_presence: 'unavailable' });
    await ida.isTold(hans, { presence: 'unavailable' });
    await hans.sync();
    await ida.isTold(hans, { presence: 'online' });
    await ida.isTold(hans, { presence: 'offline' });
    const { body } = await hans.ask('GET', `/_matrix/client/v3/presence/${encodeURIComponent(ida.userId)}/status`);
    expect(body['presence'] ?? 'offline').toBe('offline');
  });

  it('sees who writes, writes what it cannot read, types and reads', async () => {
    const doing: Record<string, (one: Person, room: string, event: string) => Promise<unknown>> = {
      jan: (one, room) => one.say(room, 'somebody writes'),
      kim: (one, room) => one.send(room, 'm.room.encrypted', { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' }),
      lea: (one, room) => {
        const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/typing/${encodeURIComponent(one.userId)}`;
        return one.must('PUT', path, { typing: true, timeout: 20_000 });
      },
      max: (one, room, event) =>
        one.must(
          'POST',
          `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/receipt/m.read/${encodeURIComponent(event)}`,
          {},
        ),
    };
    const people: Person[] = [];
    for (const name of Object.keys(doing)) people.push(await person(name));
    const room = await roomOf(alice, ...people);
    const event = await alice.say(room, 'to be read');
    await membershipsAgree();
    loop(alice, { set_presence: 'offline' });
    for (const one of people) loop(one, { set_presence: 'unavailable' });
    for (const one of people) await alice.isTold(one, { presence: 'unavailable' });
    alice.presence.length = 0;
    for (const [index, act] of Object.values(doing).entries()) {
      const one = people[index] as Person;
      await act(one, room, event);
      await alice.isTold(one, { presence: 'online', currently_active: true });
    }
    expect(alice.ephemeral.join()).toContain('m.typing');
    expect(alice.ephemeral.join()).toContain('m.receipt');
  });

  it('shows the highest of two devices, and a device that logs out no more', async () => {
    const [nora, omar] = [await person('nora'), await person('omar')];
    await roomOf(nora, omar);
    await membershipsAgree();
    const desk = await Person.login(gateway, 'nora', 'DESK');
    loop(nora, { set_presence: 'unavailable' });
    await omar.sees(nora, { presence: 'unavailable' });
    loop(desk);
    await omar.sees(nora, { presence: 'online' });
    await desk.must('POST', '/_matrix/client/v3/logout', {});
    await until('the device to be refused', () => (desk.statuses.has(401) ? true : undefined));
    await desk.stopLoop();
    await omar.sees(nora, { presence: 'unavailable' });
    const refused = await desk.ask('GET', '/_matrix/client/v3/sync?timeout=0');
    expect(refused).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
    expect([...nora.statuses]).toEqual([200]);
  });

  it('loses no event of a room and repeats none while presence interrupts, and keeps saying how many keys there are', async () => {
    const [paul, quin, rosa] = [await person('paul'), await person('quin'), await person('rosa')];
    const room = await roomOf(paul, quin, rosa);
    await membershipsAgree();
    const key = { key: 'x', signatures: {} };
    const keys = { 'signed_curve25519:A': key, 'signed_curve25519:B': key };
    await rosa.must('POST', '/_matrix/client/v3/keys/upload', { one_time_keys: keys });
    await rosa.sync({ filter: WHOLE_TIMELINE });
    rosa.eventIds.length = 0;
    rosa.answers.length = 0;
    loop(rosa, { filter: WHOLE_TIMELINE });
    const sent: string[] = [];
    const talk = async (): Promise<void> => {
      for (let n = 0; n < 25; n += 1) sent.push(await paul.say(room, `line ${String(n)}`));
    };
    const flicker = async (): Promise<void> => {
      for (let n = 0; n < 50; n += 1) await quin.put('online', `mood ${String(n)}`);
    };
    await Promise.all([talk(), flicker()]);
    await paul.say(room, 'the end').then((id) => sent.push(id));
    await Promise.all([rosa.reads('the end'), rosa.isTold(quin, { status_msg: 'mood 49' })]);
    expect(rosa.eventIds).toEqual(sent);
    const alone = rosa.answers.filter(({ rooms, presence }) => rooms === undefined && presence !== undefined);
    expect(alone.length).toBeGreaterThan(0);
    for (const { device_one_time_keys_count: counts } of rosa.answers) expect(counts).toEqual({ signed_curve25519: 2 });
    expect([...rosa.statuses]).toEqual([200]);
  });

  it('slides: Synapse’s own answer, and presence in it', async () => {
    const [zoe, anna] = [await person('zoe'), await person('anna')];
    const room = await roomOf(zoe, anna);
    await membershipsAgree();
    const path = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync';
    const list = { ranges: [[0, 9]], required_state: [], timeline_limit: 20 };
    const body = { lists: { all: list }, extensions: { presence: { enabled: true }, e2ee: { enabled: true } } };
    const texts: (string | undefined)[] = [];
    const moods: unknown[] = [];
    let pos = '';
    const slide = async (): Promise<void> => {
      const at = pos === '' ? '' : `&pos=${encodeURIComponent(pos)}`;
      const slid = await anna.must<Slid>('POST', `${path}?timeout=10000&set_presence=unavailable${at}`, body);
      pos = slid.pos;
      for (const { timeline } of Object.values(slid.rooms))
        texts.push(...(timeline ?? []).map(({ content }) => content.body));
      moods.push(...(slid.extensions.presence?.events ?? []).map(({ content }) => content['status_msg']));
    };
    await slide();
    expect(pos).toMatch(/^rc~/);
    await zoe.say(room, 'slide one');
    await zoe.put('online', 'mood one');
    await until('both', async () => {
      await slide();
      return texts.includes('slide one') && moods.includes('mood one') ? true : undefined;
    });
    await zoe.put('online', 'mood two');
    await until('the mood', async () => {
      await slide();
      return moods.includes('mood two') ? true : undefined;
    });
    await zoe.say(room, 'slide two');
    await until('the words', async () => {
      await slide();
      return texts.includes('slide two') ? true : undefined;
    });
    expect(texts.filter((text) => text?.startsWith('slide'))).toEqual(['slide one', 'slide two']);
    await zoe.sees(anna, { presence: 'unavailable' });
  });

  it('keeps out of presence what is public', async () => {
    const [sven, tina, uwe] = [await person('sven'), await person('tina'), await person('uwe')];
    const open = await sven.createRoom({ preset: 'public_chat' });
    await tina.join(open);
    await roomOf(uwe, tina);
    await membershipsAgree();
    loop(tina);
    await sven.put('online', 'in public');
    await uwe.put('online', 'among us');
    await tina.isTold(uwe, { status_msg: 'among us' });
    expect(tina.presence.filter(({ sender }) => sender === sven.userId)).toEqual([]);
  });

  it('carries matrix-js-sdk: rooms, a message and somebody’s presence', async () => {
    const [vera, willi] = [await person('vera'), await person('willi')];
    const room = await roomOf(vera, willi);
    await membershipsAgree();
    const client = quietClient(willi);
    try {
      const ready = new Promise<void>((resolve) => {
        client.on(ClientEvent.Sync, (state) => {
          if (state === SyncState.Prepared) resolve();
        });
      });
      const shown = new Promise<string | undefined>((resolve) => {
        client.on(UserEvent.Presence, (_event, user) => {
          if (user.userId === vera.userId && user.presenceStatusMsg === 'hi there') resolve(user.presence);
        });
      });
      const read = new Promise<void>((resolve) => {
        client.on(RoomEvent.Timeline, (event) => {
          if (event.getContent()['body'] === 'to the library') resolve();
        });
      });
      await client.startClient({ pollTimeout: 5_000, initialSyncLimit: 1 });
      await ready;
      expect(client.getRoom(room)?.getJoinedMembers().length).toBe(2);
      await vera.put('online', 'hi there');
      expect(await shown).toBe('online');
      await vera.say(room, 'to the library');
      await read;
      expect(await client.getPresence(vera.userId)).toMatchObject({ presence: 'online', status_msg: 'hi there' });
    } finally {
      client.stopClient();
    }
  });

  it('carries matrix-nio: what it was told of a room and of presence, each once', async () => {
    const [lotte, nils] = [await person('lotte'), await person('nils')];
    const room = await roomOf(lotte, nils);
    await membershipsAgree();
    const nio = await NioClient.start(nils);
    try {
      await lotte.sees(nils, { presence: 'unavailable' });
      await lotte.put('online', 'first');
      await nio.says(`presence ${lotte.userId} online first`);
      await lotte.say(room, 'a word');
      await nio.says(`message ${lotte.userId} a word`);
      await lotte.put('online', 'second');
      await nio.says(`presence ${lotte.userId} online second`);
      await lotte.say(room, 'and another');
      await nio.says(`message ${lotte.userId} and another`);
      expect(nio.lines().filter((line) => line.startsWith('message'))).toEqual([
        `message ${lotte.userId} a word`,
        `message ${lotte.userId} and another`,
      ]);
    } finally {
      await nio.stop();
    }
  });

  it('goes on when either of the two starts again, and nobody is logged out', async () => {
    const [xaver, yara] = [await person('xaver'), await person('yara')];
    const room = await roomOf(xaver, yara);
    await membershipsAgree();
    await yara.sync({ filter: WHOLE_TIMELINE });
    yara.eventIds.length = 0;
    loop(yara, { filter: WHOLE_TIMELINE });
    const sent = [await xaver.say(room, 'one')];
    await yara.reads('one');
    await rollcall.stop('SIGKILL');
    const beside = new Person(() => synapse.url, xaver.who);
    sent.push(await beside.send(room, 'm.room.message', { msgtype: 'm.text', body: 'two' }));
    const late = await beside.createRoom();
    await rollcall.start();
    await yara.reads('two');
    await xaver.put('online', 'still here');
    await yara.isTold(xaver, { status_msg: 'still here' });
    // What was said to nobody meanwhile is said again.
    await membershipsAgree();
    expect((await rollcall.joinedInLog()).join()).toContain(late);
    await synapse.stop();
    await xaver.put('busy', 'while it was away');
    await until('the loop to notice', () => (yara.failed > 0 && yara.statuses.has(502) ? true : undefined));
    await synapse.start([rollcall.registrationFile]);
    await yara.isTold(xaver, { status_msg: 'while it was away' });
    sent.push(await beside.send(room, 'm.room.message', { msgtype: 'm.text', body: 'three' }));
    await yara.reads('three');
    expect(yara.eventIds).toEqual(sent);
    expect([...yara.statuses].filter((status) => ![200, 502, 503].includes(status))).toEqual([]);
    await yara.leave(room);
    await membershipsAgree();
  });
});

function quietClient({ who: { userId, token, deviceId }, url }: Person): MatrixClient {
  // The library tells the console of every push rule that it misses, and leaves a timer of 80 s behind every poll.
  const later = globalThis.setTimeout;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation((run, ms, ...words) => later(run, ms, ...words).unref());
  for (const method of ['debug', 'info', 'log', 'warn'] as const)
    jest.spyOn(console, method).mockReturnValue(undefined);
  return createClient({ baseUrl: url(), userId, accessToken: token, deviceId });
}
