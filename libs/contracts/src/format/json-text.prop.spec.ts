// Text written piece by piece against JSON.stringify of the same fields: the same bytes, whatever the texts hold.
import fc from 'fast-check';
import { encodeChange } from '../changes/changes.js';
import { encodeState } from '../states/states.js';
import { textJson } from './json-text.js';
import { writtenLife, writtenView } from './view-fields.js';

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
