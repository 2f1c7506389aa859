// Our content against the rules of the specification, and the checker against content that breaks them.
import fc from 'fast-check';
import {
  limitExceeded,
  presenceContent,
  presenceEvent,
  refusal,
  toWellFormed,
  type BusyName,
  type Showable,
} from '#libs/matrix';
import { matrixErrorFaults, presenceEventFaults, presenceStatusFaults, syncPresenceFaults } from './matrix-schemas.js';

const view = fc
  .record({
    presence: fc.constantFrom('online', 'unavailable', 'offline', 'busy'),
    currentlyActive: fc.boolean(),
    statusMsg: fc.option(fc.string({ unit: 'binary' }).map(toWellFormed), { nil: undefined }),
    lastActiveAtMs: fc.option(fc.maxSafeInteger(), { nil: undefined }),
  })
  .map((made): Showable => JSON.parse(JSON.stringify(made)) as Showable);

test('every view is shown as the specification says', () => {
  fc.assert(
    fc.property(view, fc.integer(), fc.constantFrom<BusyName>('unstable', 'stable'), (shown, nowMs, busyName) => {
      const content = presenceContent(shown, nowMs, busyName);
      expect(presenceStatusFaults(content, busyName)).toEqual([]);
      expect(presenceEventFaults(presenceEvent('@a:hs', content), busyName)).toEqual([]);
    }),
    { numRuns: 500 },
  );
  expect(presenceStatusFaults(presenceContent(undefined, 0, 'unstable'))).toEqual([]);
});

test.each([
  [{}],
  [[]],
  [{ presence: 'busy' }],
  [{ presence: 'away' }],
  [{ presence: 'online', last_active_ago: -1 }],
  [{ presence: 'online', last_active_ago: '5' }],
  [{ presence: 'online', status_msg: null }],
  [{ presence: 'online', status_msg: '' }],
  [{ presence: 'unavailable', currently_active: false }],
])('%j is found wrong', (content) => {
  expect(presenceStatusFaults(content)).not.toEqual([]);
  expect(presenceEventFaults({ type: 'm.presence', sender: '@a:hs', content })).not.toEqual([]);
});

test('an event needs its type, a sender and content', () => {
  const content = { presence: 'offline' };
  expect(presenceEventFaults({ type: 'm.typing', sender: '@a:hs', content })).not.toEqual([]);
  expect(presenceEventFaults({ type: 'm.presence', sender: 'a', content })).not.toEqual([]);
  expect(presenceEventFaults({ type: 'm.presence', sender: '@a:hs' })).not.toEqual([]);
  expect(syncPresenceFaults({ events: [{ type: 'm.presence', sender: '@a:hs', content }] })).toEqual([]);
  expect(syncPresenceFaults({ events: [{ type: 'm.presence', content }] })).toEqual([
    "events[0] must have required property 'sender'",
  ]);
  expect(syncPresenceFaults({})).toEqual(['presence.events must be a list']);
});

test('refusals are standard errors', () => {
  expect(matrixErrorFaults(refusal('M_FORBIDDEN', 'no').body)).toEqual([]);
  expect(matrixErrorFaults(limitExceeded(0.5).body)).toEqual([]);
  expect(matrixErrorFaults({ errcode: 'forbidden', error: 'no' })).not.toEqual([]);
  expect(matrixErrorFaults({ errcode: 'M_LIMIT_EXCEEDED', error: 'no', retry_after_ms: 1.5 })).not.toEqual([]);
});
