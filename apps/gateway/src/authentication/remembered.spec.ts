// What is remembered of tokens: bounded in number, in questions under way and in time, and never a way to keep a token alive.
import { WallClock } from '#libs/runtime';
import type { Knowledge, SlowMethod } from './asking.js';
import { CannotCheckError, type Verdict } from './caller.js';
import { Remembered, type RememberedOptions } from './remembered.js';

class StoodClock extends WallClock {
  atMs = 0;

  override nowMs(): number {
    return this.atMs;
  }
}

class Provider implements SlowMethod {
  readonly name = 'provider';
  asked = 0;
  answer: (token: string) => Promise<Knowledge> = (token) =>
    Promise.resolve({ verdict: token.startsWith('good') ? user(token) : undefined });

  ask(token: string): Promise<Knowledge> {
    this.asked += 1;
    return this.answer(token);
  }
}

const user = (deviceId: string): Verdict => ({ kind: 'user', userId: '@a:hs', deviceId });
const away = (): Promise<never> => Promise.reject(new CannotCheckError('the provider cannot be reached', true));
const odd = (): Promise<never> => Promise.reject(new CannotCheckError('the provider answered 500'));

function setting(options: Partial<RememberedOptions> = {}): {
  readonly clock: StoodClock;
  readonly provider: Provider;
  readonly outcomes: string[];
  readonly remembered: Remembered;
} {
  const [clock, provider, outcomes] = [new StoodClock(), new Provider(), [] as string[]];
  const watch = {
    checked: (_method: string, outcome: string) => void outcomes.push(outcome),
    trouble: () => undefined,
  };
  return { clock, provider, outcomes, remembered: new Remembered(provider, clock, watch, options) };
}

describe('remembered tokens', () => {
  it('are bounded, and tokens that nobody knows push out none that is good', async () => {
    const { provider, remembered } = setting({ maxAccepted: 3, maxRefused: 2 });
    for (const token of ['good1', 'good2', 'good3']) await remembered.check(token);
    for (let n = 0; n < 50; n += 1) await remembered.check(`bad${String(n)}`);
    expect(remembered.size).toBe(5);
    provider.asked = 0;
    for (const token of ['good1', 'good2', 'good3']) expect(remembered.check(token)).toEqual(user(token));
    expect(provider.asked).toBe(0);
    await remembered.check('good4');
    expect(remembered.size).toBe(5);
    expect(remembered.check('good1')).toBeInstanceOf(Promise);
  });

  it('are asked about by no more than so many questions at once; one more could not be checked', async () => {
    const { provider, remembered } = setting({ maxAsking: 2 });
    let answer: (knowledge: Knowledge) => void = () => undefined;
    provider.answer = () => new Promise((resolve) => (answer = resolve));
    const first = remembered.check('good1');
    void Promise.resolve(remembered.check('good2')).catch(() => undefined);
    expect(remembered.check('good2')).toBe(remembered.check('good2'));
    await expect(remembered.check('good3')).rejects.toThrow(CannotCheckError);
    answer({ verdict: user('x') });
    expect(provider.asked).toBe(2);
    expect(first).toBeInstanceOf(Promise);
  });

  it('go on while the provider is away, asked about now and then, and only so long', async () => {
    const { clock, provider, outcomes, remembered } = setting({ acceptedMs: 30_000, staleMs: 60_000 });
    await remembered.check('good1');
    provider.answer = away;
    provider.asked = 0;
    for (clock.atMs = 30_000; clock.atMs < 90_000; clock.atMs += 1_000)
      expect(await remembered.check('good1')).toEqual(user('good1'));
    expect(provider.asked).toBe(12);
    await expect(remembered.check('good1')).rejects.toThrow('cannot be reached');
    expect(outcomes.at(-1)).toBe('failed');
  });

  it('do not wait for a provider that others just found away', async () => {
    const { clock, provider, remembered } = setting({ acceptedMs: 30_000 });
    for (const token of ['good1', 'good2']) await remembered.check(token);
    provider.answer = away;
    clock.atMs = 30_000;
    await remembered.check('good1');
    expect(remembered.check('good2')).toEqual(user('good2'));
  });

  it('that were revoked are not kept alive by an odd token of somebody who makes the provider fail', async () => {
    const { clock, provider, remembered } = setting({ acceptedMs: 30_000 });
    await remembered.check('good1');
    provider.answer = (token) => (token === 'odd' ? odd() : Promise.resolve({ verdict: undefined }));
    clock.atMs = 30_000;
    await expect(remembered.check('odd')).rejects.toThrow('500');
    expect(await remembered.check('good1')).toBeUndefined();
  });
});
