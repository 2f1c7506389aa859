// What counts of what was handed over, by planted histories: a judge that cannot fail is none.
import { lastThatCounts, type ToldWord } from './transaction-witness.js';

const told = (...ids: readonly string[]): ToldWord[] => ids.map((eventId) => ({ word: 'join', eventId, sentMs: 0 }));
const TIMELINE = ['$1', '$2', '$3'];

it.each([
  ['nothing', told(), undefined],
  ['the last', told('$1', '$3'), '$3'],
  ['what stands last, though another came after it', told('$2', '$1'), '$2'],
  ['what came late and stands last', told('$1', '$3', '$2', '$3'), '$3'],
  ['the last of what stands nowhere', told('$x', '$y'), '$y'],
  ['not what stands nowhere, beside what does', told('$1', '$x'), '$1'],
])('counts %s', (_name, words, eventId) => {
  expect(lastThatCounts(words, TIMELINE)?.eventId).toBe(eventId);
});
