// The plain model and libs/presence on random histories, beside each other: after every step both must have told the same
// and show the same, now and later. Records go in as the JSON that stands in the log, duplicates, late records, waking
// timers and dropping included; fast-check prints the seed of a failure.
import * as fc from 'fast-check';
import { decodeActivity, decodeCommand } from '#libs/contracts';
import {
  Aggregate,
  fireDeadlines,
  prune,
  takeActivity,
  takeCommand,
  viewAt,
  type Change,
  type Policy,
  type View,
} from '#libs/presence';
import {
  PlainModel,
  type PlainCause,
  type PlainInput,
  type PlainShown,
  type PlainTold,
  type PlainTopic,
  type PlainView,
} from './index.js';

const USER = '@a:hs';
const RUNS = { numRuns: 1_000 };
/** How long after a step the views are compared again, milliseconds. */
const LATER_MS = [0, 1, 10, 30, 45, 120];

type Fields = Readonly<Record<string, unknown>>;

/** One thing that befalls both; `stepBackMs` is a broker clock's, `gapMs` passes before. */
interface Step {
  readonly what: 'record' | 'again' | 'doubled' | 'wake' | 'drop';
  readonly fields: Fields;
  readonly gapMs: number;
  readonly stepBackMs: number;
}

interface History {
  readonly policy: Policy;
  /** Whether both topics have one clock; if not, either may lag behind the other. */
  readonly together: boolean;
  readonly steps: readonly Step[];
}

const policies: fc.Arbitrary<Policy> = fc
  .record({
    activeForMs: fc.constantFrom(1, 10, 20),
    idleMoreMs: fc.constantFrom(1, 10, 30),
    offlineAfterMs: fc.constantFrom(1, 10, 30, 70),
    busyMoreMs: fc.constantFrom(0, 20, 90),
    maxLeaseMs: fc.constantFrom(1, 40, 60, 200),
  })
  .map(({ activeForMs, idleMoreMs, offlineAfterMs, busyMoreMs, maxLeaseMs }) => ({
    activeForMs,
    idleAfterMs: activeForMs + idleMoreMs,
    offlineAfterMs,
    busyOfflineAfterMs: offlineAfterMs + busyMoreMs,
    maxLeaseMs,
  }));

const presence = fc.constantFrom('online', 'unavailable', 'offline', 'busy');
const ago_ms = fc.constantFrom(undefined, null, 0, 0, 5, 10, 20, 50, 500, -10);
const claim = fc.constantFrom('auto', 'auto', 'online', 'unavailable', 'none');
const lease_ms = fc.constantFrom(1, 10, 20, 50, 1_000);
const status_msg = fc.constantFrom(undefined, null, '', 'x', 'y');

function typed(type: string, fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Fields> {
  return fc.record(fields).map((drawn) => ({ type, ...drawn }));
}

/** @param devices ids to draw from; @param more what else may happen than sessions, activity and PUTs of those */
function records(devices: readonly string[], more: readonly fc.WeightedArbitrary<Fields>[]): fc.Arbitrary<Fields> {
  const device_id = fc.constantFrom(...devices);
  const session_id = fc.constantFrom('1', '1', '2');
  return fc.oneof(
    { weight: 8, arbitrary: typed('device.connected', { device_id, session_id, claim, lease_ms }) },
    { weight: 4, arbitrary: typed('device.disconnected', { device_id, session_id, ago_ms }) },
    { weight: 4, arbitrary: typed('device.active', { device_id: fc.option(device_id, { freq: 1 }), ago_ms }) },
    { weight: 6, arbitrary: typed('presence.set', { device_id, presence, status_msg }) },
    ...more,
  );
}

const override = typed('presence.override', { presence: fc.option(presence) });
const forget = typed('user.forget', {});
/** Everything; and one device alone, where the fine print of claims and PUTs is met far more often. */
const mixtures = fc.constantFrom(
  records(
    ['A', 'A', 'A', 'B', 'C'],
    [
      { weight: 2, arbitrary: override },
      { weight: 1, arbitrary: forget },
    ],
  ),
  records(['A'], []),
);

function steps(fields: fc.Arbitrary<Fields>): fc.Arbitrary<Step[]> {
  const what = fc.constantFrom(...Array<'record'>(7).fill('record'), 'again', 'doubled', 'wake', 'drop');
  const gapMs = fc.constantFrom(0, 0, 0, 1, 5, 9, 10, 10, 20, 30, 50, 120);
  const stepBackMs = fc.constantFrom(0, 0, 0, 0, 10);
  return fc.array(fc.record({ what, fields, gapMs, stepBackMs }), { minLength: 1, maxLength: 40, size: 'max' });
}

const histories: fc.Arbitrary<History> = mixtures.chain((fields) =>
  fc.record({ policy: policies, together: fc.boolean(), steps: steps(fields) }),
);

/** What the model is given, and what it makes of it; the tests below spoil one or the other. */
interface Reading {
  readonly input: (input: PlainInput) => PlainInput;
  readonly policy: (policy: Policy) => Policy;
}

const FAITHFUL: Reading = { input: (input) => input, policy: (policy) => policy };

class Both {
  private readonly model: PlainModel;
  private readonly product = new Aggregate();
  private readonly next = { activity: 0, commands: 0 };
  private readonly clocks = { activity: 0, commands: 0 };
  private readonly settled = { activity: -Infinity, commands: -Infinity };
  private readonly taken: PlainInput[] = [];

  constructor(
    private readonly history: History,
    private readonly reading: Reading,
  ) {
    this.model = new PlainModel(reading.policy(history.policy));
  }

  /** The first difference, in words. */
  difference(): string | undefined {
    for (const [index, step] of this.history.steps.entries()) {
      const found = this.step(step) ?? this.viewDifference();
      if (found !== undefined) return `step ${index} (${step.what} of ${JSON.stringify(this.taken.at(-1))}): ${found}`;
    }
    return this.wake(this.latestMs() + 1_000);
  }

  private step({ what, fields, gapMs, stepBackMs }: Step): string | undefined {
    const last = this.taken.at(-1);
    switch (what) {
      case 'record':
        return this.take(this.append(fields, gapMs, stepBackMs));
      case 'doubled':
        return last && this.take(this.append(last.record as unknown as Fields, 0, 0));
      case 'again':
        return this.taken.length === 0 ? undefined : this.take(this.taken[gapMs % this.taken.length]!);
      case 'wake':
        return this.wake(this.latestMs() + gapMs);
      case 'drop':
        prune(this.product, this.history.policy);
        return undefined;
    }
  }

  private append(fields: Fields, gapMs: number, stepBackMs: number): PlainInput {
    const topic: PlainTopic = String(fields['type']).startsWith('device.') ? 'activity' : 'commands';
    this.clocks[topic] = (this.history.together ? this.latestMs() : this.clocks[topic]) + gapMs;
    const input = { topic, offset: this.next[topic]++, atMs: this.clocks[topic] - stepBackMs, record: fields };
    return input as unknown as PlainInput;
  }

  private take(input: PlainInput): string | undefined {
    this.taken.push(input);
    const told: Change[] = [];
    const folding = { policy: this.history.policy, sink: (change: Change) => told.push(change) };
    this.settled[input.topic] = Math.max(this.settled[input.topic], input.atMs);
    const at = { tMs: this.settled[input.topic], offset: input.offset };
    const text = JSON.stringify({ v: 1, user_id: USER, ...input.record });
    if (input.topic === 'activity') takeActivity(this.product, decoded(decodeActivity(text, USER)).input, at, folding);
    else takeCommand(this.product, decoded(decodeCommand(text, USER)).input, at, folding);
    return toldDifference(this.model.take(this.reading.input(input)), told, input);
  }

  private wake(nowMs: number): string | undefined {
    const told: Change[] = [];
    fireDeadlines(this.product, nowMs, { policy: this.history.policy, sink: (change) => told.push(change) });
    return toldDifference(this.model.passTo(nowMs), told, undefined);
  }

  private viewDifference(): string | undefined {
    for (const laterMs of LATER_MS) {
      const atMs = Math.max(this.product.evaluatedAtMs, -100) + laterMs;
      const [model, product] = [
        plainView(this.model.viewAt(atMs)),
        productView(viewAt(this.product, atMs, this.history.policy)),
      ];
      if (model !== product) return `at ${atMs} the model shows ${model}, the product ${product}`;
    }
    return undefined;
  }

  private latestMs(): number {
    return Math.max(this.clocks.activity, this.clocks.commands);
  }
}

function decoded<T>(
  result: { readonly ok: true; readonly record: T } | { readonly ok: false; readonly reason: string },
): T {
  if (!result.ok) throw new Error(result.reason);
  return result.record;
}

/** @param cause the input in hand: what no timer made, it made */
function toldDifference(
  model: readonly PlainTold[],
  product: readonly Change[],
  cause: PlainInput | undefined,
): string | undefined {
  for (let index = 0; index < Math.max(model.length, product.length); index += 1) {
    const [one, other] = [model[index], product[index]];
    const [oneText, otherText] = [
      one === undefined ? 'nothing' : plainText(one),
      other === undefined ? 'nothing' : productText(other),
    ];
    if (oneText !== otherText) return `the model tells ${oneText}, the product ${otherText}`;
    const timer = other?.kind === 'changed' ? other.timer : undefined;
    if (!isCause(one!.cause, timer, cause))
      return `${oneText} is made by ${JSON.stringify(one!.cause)}, not by ${timer ?? 'the input'}`;
  }
  return undefined;
}

function isCause(cause: PlainCause, timer: string | undefined, input: PlainInput | undefined): boolean {
  if ('timers' in cause) return cause.timers.some((each) => each === timer);
  return timer === undefined && cause.topic === input?.topic && cause.offset === input.offset;
}

function plainText(told: PlainTold): string {
  const { kind, life, version, at_ts } = told;
  if (kind === 'forgotten') return JSON.stringify([kind, life, version, at_ts]);
  return JSON.stringify([life, version, at_ts, plainView(told), shown(told.before)]);
}

function productText(change: Change): string {
  const { kind, life, version, atMs } = change;
  if (kind === 'forgotten') return JSON.stringify([kind, life, version, atMs]);
  const { presence: was, statusMsg, currentlyActive } = change.before;
  const before = shown({ presence: was, status_msg: statusMsg, currently_active: currentlyActive });
  return JSON.stringify([life, version, atMs, productView(change.view), before]);
}

function shown(view: PlainShown): string {
  return [view.presence, view.status_msg ?? '-', view.currently_active].join(' ');
}

function plainView(view: PlainView | undefined): string {
  return view === undefined ? 'absent' : `${shown(view)} ${view.last_active_ts ?? '-'}`;
}

function productView(view: View | undefined): string {
  if (view === undefined) return 'absent';
  const { presence: is, statusMsg, currentlyActive, lastActiveAtMs } = view;
  return plainView({
    presence: is,
    status_msg: statusMsg,
    currently_active: currentlyActive,
    last_active_ts: lastActiveAtMs,
  });
}

function theyAgree(reading: Reading = FAITHFUL): fc.IProperty<[History]> {
  return fc.property(histories, (history) => {
    const difference = new Both(history, reading).difference();
    if (difference !== undefined) throw new Error(difference);
  });
}

describe('the plain model and libs/presence', () => {
  it('tell the same and show the same on random histories', () => {
    fc.assert(theyAgree(), RUNS);
  });

  /** A model that misreads one field of a record. */
  const misreading = (type: string, misread: (record: Fields) => Fields): Reading => ({
    ...FAITHFUL,
    input: (input) =>
      (input.record.type === type
        ? { ...input, record: misread(input.record as unknown as Fields) }
        : input) as PlainInput,
  });

  it.each<[string, Reading]>([
    [
      'idles a client that watches itself',
      misreading('device.connected', (record) =>
        record['claim'] === 'online' ? { ...record, claim: 'auto' } : record,
      ),
    ],
    [
      'takes none for unavailable',
      misreading('device.connected', (record) =>
        record['claim'] === 'none' ? { ...record, claim: 'unavailable' } : record,
      ),
    ],
    ['has every disconnect end now', misreading('device.disconnected', (record) => ({ ...record, ago_ms: 0 }))],
    [
      'has activity without a device count for none',
      misreading('device.active', (record) => ({ ...record, device_id: record['device_id'] ?? 'Z' })),
    ],
    [
      'leaves a message that a PUT cleared',
      misreading('presence.set', (record) => ({ ...record, status_msg: record['status_msg'] ?? 'x' })),
    ],
    [
      'never lifts an override',
      misreading('presence.override', (record) => ({ ...record, presence: record['presence'] ?? 'online' })),
    ],
    ['takes a forget for a lifted override', misreading('user.forget', () => ({ type: 'presence.override' }))],
    [
      'waits a millisecond too long for the grace',
      { ...FAITHFUL, policy: (policy) => ({ ...policy, offlineAfterMs: policy.offlineAfterMs + 1 }) },
    ],
    ['cuts no lease', { ...FAITHFUL, policy: (policy) => ({ ...policy, maxLeaseMs: 10_000 }) }],
  ])('are told apart when the model %s', (_fault, reading) => {
    const found = fc.check(theyAgree(reading), RUNS);
    expect(found.failed).toBe(true);
    expect(String(found.errorInstance)).toMatch(/the model (?:tells|shows)/u);
  });
});
