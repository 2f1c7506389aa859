// Events out of pieces of text, however they were cut.
import { EventParser } from './event-parser.js';

const stream =
  ':\n\nid: a_1\nevent: moves\ndata: [1,\ndata: 2]\n\n: a comment\n\ndata:{}\r\n\r\nevent: left\n\ndata: last\n\n';
const expected = [
  { type: 'moves', text: '[1,\n2]' },
  { type: 'message', text: '{}' },
  { type: 'message', text: 'last' },
];

describe('the parser of events', () => {
  it('tells the same events wherever the text is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const parser = new EventParser();
      expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))]).toEqual(expected);
    }
  });

  it('tells nothing of an event that has not ended', () => {
    expect(new EventParser().push('event: moves\ndata: [1]\n')).toEqual([]);
  });
});
