// Text written piece by piece against JSON.stringify of the same fields: the same bytes, whatever the texts hold.
import fc from 'fast-check';
import { toWellFormed } from '#libs/matrix';
import type { View } from '#libs/presence';
import { encodeChange } from '../changes/changes.js';
import { encodeCommand } from '../commands/commands.js';
import { frameEntryHead } from '../deliveries/frame.js';
import { encodeState } from '../states/states.js';
import { textJson } from './json-text.js';
import { writtenLife } from './view-fields.js';

const text = fc.oneof(
  fc.constantFrom('', 'at work', '"', '\\', '\n', '\u007f', '\u2028', 'é', '\ud800', '\u{1f600}', '@a:hs'),
  fc.string({ unit: 'binary' }),
);
const timeMs = fc.integer({ min: -1, max: 9_007_199_254_740_991 });
const view = fc.record(
  {
    presence: fc.constantFrom('online' as const, 'unavailable' as const, 'offline' as const, 'busy' as const),
    statusMsg: text,
    currentlyActive: fc.boolean(),
    lastActiveAtMs: timeMs,
  },
  { requiredKeys: ['presence', 'currentlyActive'] },
);
const cause = fc.oneof(
  fc.record({ topic: fc.constantFrom('activity' as const, 'commands' as const), offset: fc.nat() }),
  fc.record({ timer: fc.constantFrom('idle' as const, 'active' as const, 'lease' as const) }),
);
const applied = fc.record({ activity: fc.nat(), commands: fc.nat() }, { requiredKeys: [] });
const stamp = { userId: text, life: fc.nat(3), version: fc.nat(), atMs: timeMs };

/** In the order in which the fields are written; undefined ones are left out by JSON.stringify. */
function writtenView({ presence, statusMsg, currentlyActive, lastActiveAtMs }: View): object {
  return {
    presence,
    status_msg: statusMsg === '' ? undefined : statusMsg,
    currently_active: currentlyActive,
    last_active_ts: lastActiveAtMs,
  };
}

test('texts are quoted as JSON.stringify quotes them', () => {
  fc.assert(fc.property(text, (given) => textJson(given) === JSON.stringify(given)));
});

test('changes are what JSON.stringify makes of their fields', () => {
  fc.assert(
    fc.property(fc.record({ ...stamp, view, before: view, cause, applied }), (change) => {
      const { userId, life, version, atMs } = change;
      const head = { v: 1, user_id: userId, life: writtenLife(life), version, at_ts: atMs };
      // In the order in which `applied` is written, whatever the generator made of it.
      const taken = { activity: change.applied.activity, commands: change.applied.commands };
      expect(encodeChange({ kind: 'changed', ...change })).toBe(
        JSON.stringify({
          type: 'presence.changed',
          ...head,
          ...writtenView(change.view),
          before: writtenView(change.before),
          cause: change.cause,
          applied: taken,
        }),
      );
      const { view: _view, before: _before, ...erased } = change;
      expect(encodeChange({ kind: 'forgotten', ...erased })).toBe(
        JSON.stringify({ type: 'presence.forgotten', ...head, cause: change.cause, applied: taken }),
      );
    }),
  );
});

test('states are what JSON.stringify makes of their fields', () => {
  fc.assert(
    fc.property(fc.record({ ...stamp, view }), ({ userId, life, version, atMs, view: shown }) => {
      expect(encodeState({ userId, life, version, changedAtMs: atMs, view: shown })).toBe(
        JSON.stringify({
          type: 'presence.state',
          v: 1,
          user_id: userId,
          life: writtenLife(life),
          version,
          changed_ts: atMs,
          ...writtenView(shown),
        }),
      );
    }),
  );
});

const presence = fc.constantFrom('online' as const, 'unavailable' as const, 'offline' as const, 'busy' as const);

test('commands are what JSON.stringify makes of their fields', () => {
  const set = fc.record(
    { type: fc.constant('presence.set' as const), deviceId: text, presence, statusMsg: text },
    { requiredKeys: ['type', 'deviceId', 'presence'] },
  );
  const override = fc.record({ type: fc.constant('presence.override' as const), presence }, { requiredKeys: ['type'] });
  fc.assert(
    fc.property(text, fc.oneof(set, override), (userId, input) => {
      const { type, presence: shown } = input;
      const head = { type, v: 1, user_id: userId };
      if (type === 'presence.override') {
        expect(encodeCommand({ userId, input })).toBe(JSON.stringify({ ...head, presence: shown ?? null }));
        return;
      }
      const { deviceId, statusMsg = '' } = input;
      const message = statusMsg === '' ? undefined : toWellFormed(statusMsg);
      expect(encodeCommand({ userId, input })).toBe(
        JSON.stringify({ ...head, device_id: deviceId, presence: shown, status_msg: message }),
      );
    }),
  );
  fc.assert(
    fc.property(text, (userId) => {
      const type = 'user.forget' as const;
      expect(encodeCommand({ userId, input: { type } })).toBe(JSON.stringify({ type, v: 1, user_id: userId }));
    }),
  );
});

test('heads of entries are what JSON.stringify makes of their fields', () => {
  const told = fc.record({ ...stamp, view, traceparent: fc.option(text, { nil: undefined }) });
  fc.assert(
    fc.property(told, fc.boolean(), ({ userId, life, version, atMs, view: shown, traceparent }, isGone) => {
      const traced = traceparent === undefined ? {} : { traceparent };
      const stamp = { userId, life, version, changedAtMs: atMs, ...traced };
      const fields = JSON.stringify({
        user_id: userId,
        life: writtenLife(life),
        version,
        changed_ts: atMs,
        ...(isGone ? { gone: true } : writtenView(shown)),
        traceparent,
      });
      const head = frameEntryHead(isGone ? { kind: 'gone', ...stamp } : { kind: 'shown', ...stamp, view: shown });
      expect(head).toBe(`${fields.slice(0, -1)},"to":[`);
    }),
  );
});
