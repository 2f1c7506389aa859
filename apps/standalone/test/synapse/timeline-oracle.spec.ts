// The judge of timelines is shown what it must refuse.
import type { RoomAtHomeserver } from './homeserver-words.js';
import type { SyncBody, TimelineEvent } from './person.js';
import { judgeTimelines } from './timeline-oracle.js';

const ME = '@me:hs';
const ROOM = '!r:hs';
const TIMELINE = ['create', 'join', 'one', 'leave', 'two', 'again', 'three'];

function event(id: string): TimelineEvent {
  const membership = { join: 'join', leave: 'leave', again: 'join' }[id];
  if (membership === undefined) return { event_id: id, type: 'm.room.message', content: {} };
  return { event_id: id, type: 'm.room.member', state_key: ME, content: { membership } };
}

function told(section: 'join' | 'leave', ...ids: readonly string[]): SyncBody {
  return { next_batch: 's', rooms: { [section]: { [ROOM]: { timeline: { events: ids.map(event) } } } } };
}

function judged(timeline: readonly string[], ...answers: readonly SyncBody[]): readonly string[] {
  const isMember = timeline.at(-1) !== 'leave';
  const members = new Map([[ME, isMember ? 'join' : 'leave'] as const]);
  return judgeTimelines(ME, answers, new Map([[ROOM, { members, memberEvents: new Map(), timeline }]])).faults;
}

describe('the judge of timelines', () => {
  it('takes stays that are told whole, a leaving that was seen, and one that was not', () => {
    const seen = [told('join', 'create', 'join'), told('join', 'one'), told('leave', 'leave')];
    expect(judged(TIMELINE.slice(0, 4), ...seen)).toEqual([]);
    expect(judged(TIMELINE, ...seen, told('join', ...TIMELINE))).toEqual([]);
    expect(judged(TIMELINE, ...seen.slice(0, 2), told('join', ...TIMELINE))).toEqual([]);
    expect(judged(TIMELINE, ...seen, told('leave', 'two'), told('join', ...TIMELINE.slice(3)))).toEqual([]);
  });

  it('takes a join that the homeserver told, and dropped from the room since: of a member that left it was told', () => {
    const verdict = (members: RoomAtHomeserver['members'], ...ids: readonly string[]) => {
      const room = { members, memberEvents: new Map(), timeline: TIMELINE };
      return judgeTimelines(ME, [told('join', ...ids)], new Map([[ROOM, room]])).faults.join();
    };
    expect(verdict(new Map(), 'create', 'join')).toBe('');
    expect(verdict(new Map([[ME, 'leave']]), 'create', 'join')).toContain('was told otherwise');
    expect(verdict(new Map(), 'create')).toContain('was told otherwise');
  });

  it('takes a join that was dropped for an earlier leave, not one that a later leave has ended', () => {
    const verdict = (stands: string) => {
      const room = {
        members: new Map([[ME, 'leave'] as const]),
        memberEvents: new Map([[ME, stands]]),
        timeline: ['create', 'leave', 'join', 'gone'],
      };
      return judgeTimelines(ME, [told('join', 'create', 'leave', 'join')], new Map([[ROOM, room]])).faults.join();
    };
    expect(verdict('leave')).toBe('');
    for (const stands of ['gone', 'told by nobody']) expect(verdict(stands)).toContain('was told otherwise');
  });

  it.each([
    ['a gap between answers', [told('join', 'create'), told('join', 'one', 'leave', 'two', 'again', 'three')], 'lost'],
    ['a gap in an answer', [told('join', 'create', 'one')], 'with a gap or twice'],
    ['a repetition', [told('join', 'create', 'join'), told('join', 'join', 'one')], 'repeated'],
    ['a whole stay again', [told('join', ...TIMELINE), told('join', ...TIMELINE)], 'repeated'],
    ['the same twice in an answer', [told('join', 'create', 'join', 'join', 'one')], 'with a gap or twice'],
    ['an event that is none', [told('join', 'create', 'made up')], 'does not show'],
    ['an end that never came', [told('join', 'create', 'join', 'one')], 'was not told the last 4 events'],
    ['nothing at all', [], 'was told otherwise'],
  ])('refuses %s', (_name, answers, fault) => {
    expect(judged(TIMELINE, ...answers).join()).toContain(fault);
  });
});
