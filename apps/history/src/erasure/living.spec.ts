// Which lives may be shown, from the states topic alone.
import { encodeState, topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog } from '#libs/event-log';
import { Living, readLiving } from './living.js';

const state = (userId: string, life: number, statusMsg?: string): string =>
  encodeState({
    userId,
    life,
    version: 3,
    changedAtMs: 5,
    view: { presence: 'online', currentlyActive: false, ...(statusMsg === undefined ? {} : { statusMsg }) },
  });

describe('who may be shown', () => {
  it('is whoever has a state, in the life of that state', () => {
    const living = new Living();
    living.note('@a:hs', state('@a:hs', 0));
    living.note('@b:hs', state('@b:hs', 2));
    expect([living.shows('@a:hs', 0), living.shows('@a:hs', 1)]).toEqual([true, false]);
    expect([living.shows('@b:hs', 0), living.shows('@b:hs', 1), living.shows('@b:hs', 2)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(living.shows('@c:hs', 0)).toBe(false);
  });

  it('is nobody whose state is a tombstone', () => {
    const living = new Living();
    living.note('@a:hs', state('@a:hs', 0));
    living.note('@a:hs', null);
    expect(living.lifeOf('@a:hs')).toBeUndefined();
  });

  it('is not decided by what somebody wrote into a status message', () => {
    const living = new Living();
    living.note('@a:hs', state('@a:hs', 0, '"life":7'));
    expect(living.lifeOf('@a:hs')).toBe(0);
  });

  it('is read from the states of a partition, past progress records', async () => {
    const log = new MemoryEventLog();
    const topics = topicNames('presence.');
    await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 1, deliveryPartitions: 1 }));
    await log.append(topics.states, [
      { key: '@a:hs', value: state('@a:hs', 0) },
      { key: '@b:hs', value: state('@b:hs', 1) },
      { key: '!progress', value: '{}' },
      { key: '@a:hs', value: null },
    ]);
    const living = await readLiving(log, topics.states, 0);
    expect([...living.users()]).toEqual(['@b:hs']);
    expect(living.shows('@b:hs', 1)).toBe(true);
  });
});
