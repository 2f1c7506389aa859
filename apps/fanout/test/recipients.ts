// What specs of recipient topics share: two members of a room, one of them online, and what a topic holds in words.
import { recipientTopic, recipientTopicSpec } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import type { View } from '#libs/presence';
import type { FanoutLimits } from '../src/index.js';
import { PREFIX } from './truth.js';
import { World } from './world.js';

export const [ALICE, BOB, CAROL] = ['@alice:hs', '@bob:hs', '@carol:hs'] as const;
export const ONLINE: View = {
  presence: 'online',
  currentlyActive: true,
  lastActiveAtMs: 1_699_999_999_000,
  statusMsg: 'hi',
};
export const AWAY: View = { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 1_699_999_999_000 };

export async function withWorld(
  run: (world: World) => Promise<void>,
  limits: Partial<FanoutLimits> = {},
): Promise<void> {
  const world = await World.open(limits);
  for (const user of [ALICE, BOB]) await world.truth.membership('!r:hs', user, 'join');
  await world.truth.change(ALICE, ONLINE);
  await world.start();
  await world.rest();
  await run(world);
  for (const instance of [...world.instances]) await world.stop(instance);
  expect(world.fatal).toEqual([]);
}

export async function subscribe(
  world: World,
  userId: string,
  cleanup: 'compact' | 'delete' = 'compact',
): Promise<void> {
  await world.log.createTopics([{ ...recipientTopicSpec(recipientTopic(PREFIX, userId)), cleanup }]);
}

export function shown({ key, value, headers }: LogRecord): string {
  return `${Buffer.from(key as Uint8Array).toString()} ${headers?.['version'] ?? '-'} ${value === null ? 'tombstone' : 'event'}`;
}

export async function holds(world: World, userId: string): Promise<string[]> {
  const records = (await world.output([userId])).recipientTopics.get(userId) ?? [];
  return records.map(shown);
}
