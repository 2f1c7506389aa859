// What of a recipient topic need not be read, because it was written here.
import { RecipientTopic } from './recipient-topic.js';

const HELD = { life: 0, version: 1, present: true };

test('what was written here right after what was read need not be read', () => {
  const topic = new RecipientTopic('presence.to.x', 'id', 1, 1);
  topic.read(0, 5);
  for (const offset of [5, 6, 7]) topic.wrote(0, offset);
  expect([topic.isPassed(0, 8), topic.isPassed(0, 9), topic.isPassed(1, 1)]).toEqual([true, false, false]);
});

test('where somebody else wrote in between, everything from there on is read', () => {
  const topic = new RecipientTopic('presence.to.x', 'id', 1, 1);
  topic.read(0, 5);
  for (const offset of [5, 7, 8]) topic.wrote(0, offset);
  expect([topic.isPassed(0, 6), topic.isPassed(0, 9)]).toEqual([true, false]);
  topic.read(0, 9);
  topic.wrote(0, 9);
  expect(topic.isPassed(0, 10)).toBe(true);
});

test('before anything was read, nothing is passed over', () => {
  const topic = new RecipientTopic('presence.to.x', 'id', 1, 1);
  topic.wrote(0, 0);
  expect(topic.isPassed(0, 1)).toBe(false);
});

test('of two records of a sender the later counts, whether it was read or written', () => {
  const topic = new RecipientTopic('presence.to.x', 'id', 1, 1);
  expect(topic.hold(7, { ...HELD, offset: 3 })).toBe('news');
  expect([topic.knows(7, 3), topic.knows(7, 4), topic.knows(8, 0)]).toEqual([true, false, false]);
  expect([topic.hold(7, { ...HELD, offset: 2 }), topic.hold(7, { ...HELD, offset: 4 })]).toEqual(['known', 'news']);
});
