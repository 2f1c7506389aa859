// What counts of what was handed over, by planted histories: a judge that cannot fail is none.
import { lastThatCounts, type ToldWord } from './transaction-witness.js';

const told = (word: ToldWord['word'], sentMs: number, isLate = false): ToldWord => ({
  word,
  eventId: `$${String(sentMs)}`,
  sentMs,
  isLate,
});

it.each([
  ['nothing', [], undefined],
  ['the last, in its order', [told('join', 5), told('leave', 9)], 9],
  ['the last, in its order, whatever its time', [told('leave', 9), told('join', 5)], 5],
  ['not what comes late and was sent before', [told('leave', 9), told('join', 5, true)], 9],
  ['what comes late and was sent after', [told('leave', 5), told('join', 9, true)], 9],
  ['what comes late and alone', [told('join', 5, true)], 5],
  ['what comes in its order after something late', [told('leave', 9), told('join', 5, true), told('ban', 7)], 7],
])('counts %s', (_name, words, sentMs) => {
  expect(lastThatCounts(words)?.sentMs).toBe(sentMs);
});
