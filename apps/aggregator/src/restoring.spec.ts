// A take-over gives the same whichever way it reads a record: out of the bytes, or through the schema.
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
  const handle: TaskHandle = {
    partition: 0,
    partitions: 1,
    write: () => undefined,
    appliedOffset: () => 0,
    arm: (id, deadlineMs) => void (armed[id] = deadlineMs),
    markDirty: () => undefined,
    markSaved: () => undefined,
  };
  return { fold: new PresenceFold(handle, { topics: TOPICS, policy: DEFAULT_POLICY }), armed };
}

function restored(state: string, registers: string) {
  const { fold, armed } = setting();
  const of = (value: string) => ({ offset: 0, timestampMs: AT_MS, key: Buffer.from(USER), value: Buffer.from(value) });
  fold.restore(TOPICS.states, of(state));
  fold.restore(TOPICS.registers, of(registers));
  fold.restored(PROGRESS, AT_MS);
  return { registers: fold.registers(), armed, view: fold.viewOf(USER, AT_MS) };
}

const aggregate = new Aggregate();
const put = { type: 'presence.set', deviceId: 'D', presence: 'busy', statusMsg: 'früh auf' } as const;
takeCommand(aggregate, put, { tMs: AT_MS, offset: 7 }, { policy: DEFAULT_POLICY, sink: () => undefined });
const view = { presence: 'busy', statusMsg: 'früh auf', currentlyActive: true, lastActiveAtMs: AT_MS } as const;
const state = encodeState({ userId: USER, life: 0, version: 1, changedAtMs: AT_MS, view });
const registers = encodeRegisters(USER, snapshot(aggregate), { atMs: AT_MS, activeAtMs: AT_MS });

test('what another program would have written of the same user is restored alike', () => {
  const quick = restored(state, registers);
  expect(quick.registers).toEqual([registers]);
  expect(quick.armed).toEqual([AT_MS + DEFAULT_POLICY.activeForMs]);
  expect(quick.view).toEqual(view);
  const spaced = (text: string): string => JSON.stringify(JSON.parse(text), null, 1);
  const escaped = (text: string): string => text.replaceAll('ü', '\\u00fc');
  for (const other of [spaced, escaped]) expect(restored(other(state), other(registers))).toEqual(quick);
});

test('later registers take the place of earlier ones, whichever way each was read', () => {
  const { fold } = setting();
  const of = (text: string) => ({ offset: 0, timestampMs: AT_MS, key: Buffer.from(USER), value: Buffer.from(text) });
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
