// A take-over gives the same whichever way it reads a record: out of the bytes, or through the schema; and from registers of
// before they told what the state holds.
import { Buffer } from 'node:buffer';
import { encodeRegisters, encodeState, topicNames } from '#libs/contracts';
import { Aggregate, DEFAULT_POLICY, snapshot, takeCommand } from '#libs/presence';
import type { TaskHandle } from '#libs/processing';
import { PresenceFold } from './presence-fold.js';

const TOPICS = topicNames('presence.');
const USER = '@alice:example.org';
const AT_MS = 1_700_000_000_000;
const PROGRESS = { inputs: [0, 0].map(() => ({ nextOffset: 0, reachedMs: AT_MS })), checkpoint: [], acceptedLoss: [] };

function setting() {
  const armed: number[] = [];
  const dirty: number[] = [];
  const handle: TaskHandle = {
    partition: 0,
    partitions: 1,
    write: () => undefined,
    appliedOffset: () => 0,
    arm: (id, deadlineMs) => void (armed[id] = deadlineMs),
    markDirty: (id) => void dirty.push(id),
    markSaved: () => undefined,
  };
  return { fold: new PresenceFold(handle, { topics: TOPICS, policy: DEFAULT_POLICY }), armed, dirty };
}

const of = (text: string) => ({ offset: 0, timestampMs: AT_MS, key: Buffer.from(USER), value: Buffer.from(text) });

/** From all the registers ever written, the last of them last, and from states if they are asked for. */
function restored(texts: readonly string[], states: readonly string[]) {
  const { fold, armed, dirty } = setting();
  for (const text of texts) fold.restore(TOPICS.registers, of(text));
  const asked = fold.needsProgressTopic();
  if (asked) for (const text of states) fold.restore(TOPICS.states, of(text));
  fold.restored(PROGRESS, AT_MS);
  return { registers: fold.registers(), armed, view: fold.viewOf(USER, AT_MS), asked, dirty };
}

const aggregate = new Aggregate();
const put = { type: 'presence.set', deviceId: 'D', presence: 'busy', statusMsg: 'früh auf' } as const;
takeCommand(aggregate, put, { tMs: AT_MS, offset: 7 }, { policy: DEFAULT_POLICY, sink: () => undefined });
const view = { presence: 'busy', statusMsg: 'früh auf', currentlyActive: true, lastActiveAtMs: AT_MS } as const;
const state = encodeState({ userId: USER, life: 0, version: 1, changedAtMs: AT_MS, view });
const told = { atMs: AT_MS, activeAtMs: AT_MS };
const registers = encodeRegisters(USER, snapshot(aggregate), { ...told, state: { activeAtMs: AT_MS } });
/** As they were before. */
const older = encodeRegisters(USER, snapshot(aggregate), told);

test('what another program would have written of the same user is restored alike', () => {
  const quick = restored([registers], []);
  expect(quick.registers).toEqual([registers]);
  expect(quick.armed).toEqual([AT_MS + DEFAULT_POLICY.activeForMs]);
  expect(quick.view).toEqual(view);
  const spaced = (text: string): string => JSON.stringify(JSON.parse(text), null, 1);
  const escaped = (text: string): string => text.replaceAll('ü', '\\u00fc');
  for (const other of [spaced, escaped]) expect(restored([other(registers)], [])).toEqual(quick);
  const upgraded = restored([older], [state]);
  for (const other of [spaced, escaped]) expect(restored([other(older)], [other(state)])).toEqual(upgraded);
});

test('registers that tell what the state holds need no states; of others it is asked, and they are written anew', () => {
  const { asked, dirty, ...same } = restored([registers], [state]);
  expect([asked, dirty]).toEqual([false, []]);
  expect(restored([older], [state])).toEqual({ ...same, asked: true, dirty: [0] });
  expect(restored([older, registers], [])).toEqual({ ...same, asked, dirty });
  expect(restored([registers, older], [state])).toEqual({ ...same, asked: true, dirty: [0] });
  // Whose state holds no time, as against who was not asked.
  const never = encodeRegisters(USER, snapshot(aggregate), { ...told, state: {} });
  expect(restored([never], [state])).toMatchObject({ asked: false, registers: [never] });
});

test('later registers take the place of earlier ones, whichever way each was read', () => {
  const { fold } = setting();
  const earlier = encodeRegisters(USER, snapshot(new Aggregate()));
  for (const text of [earlier, ` ${registers}`, earlier, registers]) {
    fold.restore(TOPICS.registers, of(text));
    expect(fold.registers()[0]).toContain(text.includes('busy') ? 'busy' : '"version":0');
  }
});

test('bytes that are no UTF-8 are refused, as ever', () => {
  const { fold } = setting();
  const broken = Buffer.from(registers);
  broken[broken.indexOf('ü')] = 0xff;
  const record = { offset: 0, timestampMs: AT_MS, key: Buffer.from(USER), value: broken };
  expect(() => fold.restore(TOPICS.registers, record)).toThrow(/readable/);
});
