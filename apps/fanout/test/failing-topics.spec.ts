// Recipient topics that take nothing, or not everything, or answer late: nobody else waits, and in the end nothing is missing.
import { recipientTopic } from '#libs/contracts';
import {
  LogForbiddenError,
  LogUnavailableError,
  RecordTooLargeError,
  type FaultyEventLog,
  type NewRecord,
} from '#libs/event-log';
import type { View } from '#libs/presence';
import { ALICE, AWAY, BOB, holds, ONLINE, subscribe, withWorld } from './recipients.js';
import { PREFIX } from './truth.js';
import type { World } from './world.js';

describe('a recipient topic that takes nothing', () => {
  const MEMBERS = Array.from({ length: 30 }, (_, index) => `@member${index}:hs`);
  const isOf = (user: string) => (topic: string) => topic === recipientTopic(PREFIX, user);
  const isAny = (topic: string): boolean => topic.startsWith('presence.to.');

  type Append = FaultyEventLog['append'];

  /** What the log answers to some appends instead of taking them, until what is returned is called. */
  function instead(
    world: World,
    answer: (append: Append, ...of: Parameters<Append>) => ReturnType<Append>,
  ): () => void {
    const { log } = world.instances[0]!;
    const append = log.append.bind(log);
    log.append = (topic, records) => answer(append, topic, records);
    return () => {
      log.append = append;
    };
  }

  async function aliceIn(world: World, user: string): Promise<string[]> {
    return (await holds(world, user)).filter((line) => line.startsWith(ALICE));
  }

  async function withMembers(run: (world: World) => Promise<void>): Promise<void> {
    await withWorld(async (world) => {
      for (const user of MEMBERS) await world.truth.membership('!r:hs', user, 'join');
      for (const user of [BOB, ...MEMBERS]) await subscribe(world, user);
      await world.rest();
      await run(world);
      expect(world.judge(await world.output([BOB, ...MEMBERS]))).toEqual([]);
    });
  }

  it.each([
    ['for now', new LogUnavailableError('not enough replicas'), 'no records'],
    ['for want of a right', new LogForbiddenError('not authorized'), 'topics rights'],
    ['of this size', new RecordTooLargeError('too large'), 'no records'],
  ] as const)('%s keeps nobody waiting, is one line, and has everything in the end', async (_why, error, says) => {
    await withMembers(async (world) => {
      let refused: (topic: string) => boolean = isOf(BOB);
      instead(world, (append, topic, records) => (refused(topic) ? Promise.reject(error) : append(topic, records)));
      const linesOf = async (view: View): Promise<string[]> => {
        const before = world.lines.length;
        await world.truth.change(ALICE, view);
        await world.pass(1_000);
        return world.lines.slice(before).filter((line) => line.includes('no records'));
      };
      const [line = '', ...more] = await linesOf(AWAY);
      expect([line.includes('a recipient topic takes no records'), line.includes(says), more]).toEqual([
        true,
        true,
        [],
      ]);
      for (const user of MEMBERS) expect(await aliceIn(world, user)).toEqual([`${ALICE} 2 event`]);
      // Everything else goes on, and it is not asked again so soon.
      expect(await linesOf(ONLINE)).toEqual([]);
      for (const user of MEMBERS) expect(await aliceIn(world, user)).toEqual([`${ALICE} 3 event`]);
      expect(await aliceIn(world, BOB)).toEqual([`${ALICE} 1 event`]);
      refused = isAny;
      expect(await linesOf(AWAY)).toEqual([expect.stringContaining('30 recipient topics take no records')]);
      refused = () => false;
      await world.pass(20_000);
      for (const user of [BOB, ...MEMBERS]) expect(await aliceIn(world, user)).toEqual([`${ALICE} 4 event`]);
    });
  });

  it('is one failure however many write to it, and has what each of them had', async () => {
    await withMembers(async (world) => {
      const pending: (() => void)[] = [];
      const mend = instead(world, (append, topic, records) => {
        if (!isOf(BOB)(topic)) return append(topic, records);
        return new Promise((_resolve, reject) => {
          pending.push(() => {
            reject(new LogUnavailableError('not enough replicas'));
          });
        });
      });
      for (const user of MEMBERS) await world.truth.change(user, ONLINE);
      await world.pass(100);
      expect(pending.length).toBeGreaterThan(2);
      for (const fail of pending) fail();
      mend();
      await world.pass(8_000);
      for (const user of MEMBERS) expect(await holds(world, BOB)).toContain(`${user} 1 event`);
    });
  });

  it('for its size keeps out that record alone', async () => {
    await withMembers(async (world) => {
      let isSmall = true;
      const isLarge = ({ value }: NewRecord): boolean => String(value).includes('a long message');
      instead(world, (append, topic, records) =>
        isSmall && isOf(BOB)(topic) && (records.length > 4 || records.some(isLarge))
          ? Promise.reject(new RecordTooLargeError(topic))
          : append(topic, records),
      );
      await world.truth.change(ALICE, { ...ONLINE, statusMsg: 'a long message' });
      for (const user of MEMBERS) await world.truth.change(user, ONLINE);
      await world.pass(30_000);
      for (const user of MEMBERS) expect(await holds(world, BOB)).toContain(`${user} 1 event`);
      expect(await aliceIn(world, BOB)).toEqual([`${ALICE} 1 event`]);
      isSmall = false;
      await world.pass(60_000);
      expect(await aliceIn(world, BOB)).toEqual([`${ALICE} 2 event`]);
    });
  });

  it('and does not even say so is waited for once', async () => {
    await withMembers(async (world) => {
      const held: (() => void)[] = [];
      let isSilent = true;
      instead(world, async (append, topic, records) => {
        if (isSilent && isOf(BOB)(topic)) await new Promise<void>((resolve) => held.push(resolve));
        return append(topic, records);
      });
      await world.truth.change(ALICE, AWAY);
      await world.pass(4_000);
      await world.truth.change(ALICE, ONLINE);
      await world.pass(500);
      // The step waits for it, and the next with it.
      expect(await aliceIn(world, MEMBERS[0]!)).toEqual([`${ALICE} 2 event`]);
      await world.pass(2_000);
      for (let version = 4; version < 8; version += 1) {
        expect(await aliceIn(world, MEMBERS[0]!)).toEqual([`${ALICE} ${version - 1} event`]);
        await world.truth.change(ALICE, version % 2 === 0 ? AWAY : ONLINE);
        await world.pass(500);
      }
      expect(held).toHaveLength(1);
      isSilent = false;
      held[0]?.();
      await world.pass(1_000);
      expect(await aliceIn(world, BOB)).toEqual([`${ALICE} 7 event`]);
    });
  });

  it('once may take nothing for longer each time, and is asked by a write that nobody waits for', async () => {
    await withMembers(async (world) => {
      const triedAtMs: number[] = [];
      const mend = instead(world, (append, topic, records) => {
        if (!isOf(BOB)(topic)) return append(topic, records);
        triedAtMs.push(world.clock.nowMs());
        return Promise.reject(new LogUnavailableError('not enough replicas'));
      });
      await world.truth.change(ALICE, AWAY);
      await world.pass(160_000);
      const spans = triedAtMs.slice(1).map((atMs, index) => Math.round((atMs - triedAtMs[index]!) / 5_000));
      expect(spans).toEqual([1, 2, 4, 8, 16]);
      mend();
      await world.pass(165_000);
    });
  });
});
