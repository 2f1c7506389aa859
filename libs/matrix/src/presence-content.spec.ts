// semantics.md section 10, "Content".
import { busyFeature, presenceContent, presenceEvent, presenceWord, type Showable } from './index.js';

const NOW_MS = 1_000_000;
const online: Showable = { presence: 'online', currentlyActive: true, lastActiveAtMs: NOW_MS - 5 };

test('everything that is known is shown', () => {
  expect(presenceContent({ ...online, statusMsg: 'hi' }, NOW_MS, 'unstable')).toEqual({
    presence: 'online',
    last_active_ago: 5,
    currently_active: true,
    status_msg: 'hi',
  });
});

test('nothing known is offline and no more', () => {
  expect(presenceContent(undefined, NOW_MS, 'unstable')).toEqual({ presence: 'offline' });
});

test.each(['unavailable', 'offline'] as const)('%s has no currently_active', (presence) => {
  expect(presenceContent({ presence, currentlyActive: false }, NOW_MS, 'stable')).toEqual({ presence });
});

test.each(['online', 'busy'] as const)('%s says currently_active even when it is false', (presence) => {
  expect(presenceContent({ presence, currentlyActive: false }, NOW_MS, 'stable')).toEqual({
    presence,
    currently_active: false,
  });
});

test('an activity in the future is 0 ago, never negative', () => {
  expect(presenceContent({ ...online, lastActiveAtMs: NOW_MS + 60_000 }, NOW_MS, 'stable').last_active_ago).toBe(0);
});

test('an empty message is none', () => {
  expect(presenceContent({ ...online, statusMsg: '' }, NOW_MS, 'stable')).not.toHaveProperty('status_msg');
});

test('busy goes by its unstable name until it is stable', () => {
  const busy: Showable = { presence: 'busy', currentlyActive: false };
  expect(presenceContent(busy, NOW_MS, 'unstable').presence).toBe('org.matrix.msc3026.busy');
  expect(presenceContent(busy, NOW_MS, 'stable').presence).toBe('busy');
  expect(busyFeature('unstable')).toEqual({ 'org.matrix.msc3026.busy_presence': true });
  expect(busyFeature('stable')).toEqual({ 'org.matrix.msc3026.busy_presence': false });
});

test('both names of busy are read', () => {
  expect(['busy', 'org.matrix.msc3026.busy', 'online', 'away', 1, null].map(presenceWord)).toEqual([
    'busy',
    'busy',
    'online',
    undefined,
    undefined,
    undefined,
  ]);
});

test('an event is what /sync and the stream send', () => {
  expect(presenceEvent('@a:hs', { presence: 'offline' })).toEqual({
    type: 'm.presence',
    sender: '@a:hs',
    content: { presence: 'offline' },
  });
});
