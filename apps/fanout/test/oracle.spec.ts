// The judge judged: every kind of fault, planted into a right output, must be named; the right output must not.
import { decodeFrame, encodeFrame, recipientTopic, recipientTopicSpec } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import type { View } from '#libs/presence';
import type { Output } from './oracle.js';
import { PREFIX } from './truth.js';
import { World } from './world.js';

const [ALICE, BOB, EVE] = ['@alice:hs', '@bob:hs', '@eve:hs'] as const;
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1 };
const AWAY: View = { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 1 };

async function history(): Promise<{ world: World; output: Output }> {
  const world = await World.open();
  await world.log.createTopics([recipientTopicSpec(recipientTopic(PREFIX, BOB))]);
  const instance = await world.start();
  for (const user of [ALICE, BOB]) await world.truth.membership('!r:hs', user, 'join');
  for (const view of [ONLINE, AWAY]) {
    await world.truth.change(ALICE, view);
    await world.truth.change(EVE, view);
    await world.rest();
  }
  await world.stop(instance);
  return { world, output: await world.output([BOB]) };
}

function mapped(output: Output, change: (text: string) => string): Output {
  const frames = output.frames.map((frame) => ({
    ...frame,
    value: Buffer.from(change(Buffer.from(frame.value as Uint8Array).toString())),
  }));
  return { ...output, frames };
}

function withTopic(output: Output, change: (records: readonly LogRecord[]) => readonly LogRecord[]): Output {
  return {
    ...output,
    recipientTopics: new Map([...output.recipientTopics].map(([recipient, records]) => [recipient, change(records)])),
  };
}

it('finds nothing wrong with what is right', async () => {
  const { world, output } = await history();
  expect(output.frames.length).toBeGreaterThan(0);
  expect(output.recipientTopics.get(BOB)?.length).toBeGreaterThan(0);
  expect(world.judge(output)).toEqual([]);
});

it('names every planted fault', async () => {
  const { world, output } = await history();
  const toBob = (text: string): boolean => {
    const decoded = decodeFrame(text);
    return (
      decoded.ok && decoded.record.entries.some(({ userId, to }) => userId === ALICE && to.some((one) => one === BOB))
    );
  };
  const leak = encodeFrame({
    entries: [{ kind: 'shown', userId: EVE, life: 0, version: 1, changedAtMs: 1, view: ONLINE, to: [BOB] }],
  });
  const last = output.frames.findLast((frame) => toBob(Buffer.from(frame.value as Uint8Array).toString()));
  const planted: [string, Output][] = [
    ['ends with', { ...output, frames: output.frames.filter((frame) => frame !== last) }],
    ['shares nothing', mapped(output, (text) => (toBob(text) ? leak : text))],
    ['is told as', mapped(output, (text) => text.replace('"unavailable"', '"busy"'))],
    ['never was', mapped(output, (text) => text.replace('"version":2', '"version":9'))],
    [
      'wrong partition',
      { ...output, frames: output.frames.map((frame) => ({ ...frame, partition: (frame.partition + 1) % 3 })) },
    ],
    [
      'header rooms',
      { ...output, frames: output.frames.map((frame) => ({ ...frame, headers: { ...frame.headers, rooms: 'none' } })) },
    ],
    ['the topic of', withTopic(output, (records) => records.slice(0, -1))],
    [
      'the topic of',
      withTopic(output, (records) => [...records, { ...(records[0] as LogRecord), key: Buffer.from(EVE) }]),
    ],
    [
      'the topic of',
      withTopic(output, (records) => records.map((record) => ({ ...record, value: Buffer.from('vandalism') }))),
    ],
  ];
  for (const [sentence, wrong] of planted) expect(world.judge(wrong).join('\n')).toContain(sentence);
});

it('names a policy that was overlooked', async () => {
  const { world, output } = await history();
  for (const told of world.truth.told.get(ALICE) ?? []) Object.assign(told, { roomsEnds: [9, 9, 9, 9] });
  expect(world.judge(output).join('\n')).toContain('without room policies');
});
