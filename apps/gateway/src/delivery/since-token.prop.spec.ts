// Since tokens: what is written is read back, and nothing that is not one of ours passes for one.
import fc from 'fast-check';
import { identityOf, readSinceToken, writeSinceToken, type SinceToken } from './since-token.js';

const whole = fc.nat(Number.MAX_SAFE_INTEGER);
const token: fc.Arbitrary<SinceToken> = fc.record(
  {
    partition: fc.nat(10_000),
    position: fc.record({ offset: whole, entry: fc.nat(100_000) }),
    timeMs: whole,
    identity: fc.string().map((userId) => identityOf('topic', userId)),
    own: fc.record({ life: fc.nat(1_000), version: whole }),
    snapshot: fc.record({
      atMs: fc.nat(2 ** 31).map((seconds) => seconds * 1_000),
      name: whole.map((n) => n.toString(36)),
    }),
  },
  { requiredKeys: ['partition', 'position', 'timeMs', 'identity', 'own'] },
);

const N = '([0-9a-z]{1,11})';
const FORM = new RegExp(`^r1_${N}_${N}(?:\\.${N})?_${N}_[A-Za-z0-9-]{8}_${N}\\.${N}(?:_${N}\\.[0-9a-z]{1,11})?$`);

function isOfTheForm(text: string): boolean {
  const numbers = FORM.exec(text)?.slice(1);
  return numbers?.every((digits?: string) => Number.isSafeInteger(Number.parseInt(digits ?? '0', 36))) ?? false;
}

describe('a since token', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(token, (written) => {
        expect(readSinceToken(writeSinceToken(written))).toEqual({ kind: 'token', token: written });
      }),
    );
  });

  it('survives a query string unescaped and stays short', () => {
    fc.assert(
      fc.property(token, (written) => {
        expect(writeSinceToken(written)).toMatch(/^[A-Za-z0-9._-]{1,100}$/);
      }),
    );
  });

  it('is never made of garbage, and reading never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readSinceToken(text).kind).not.toBe('token');
      }),
    );
  });

  it('is malformed when a character is cut off or put in, or still a token of the form', () => {
    fc.assert(
      fc.property(token, fc.nat(60), fc.string({ unit: 'binary', maxLength: 2 }), (written, at, put) => {
        const text = writeSinceToken(written);
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        const read = readSinceToken(changed);
        if (changed.startsWith('r1_')) expect(read.kind).toBe(isOfTheForm(changed) ? 'token' : 'malformed');
        else expect(['malformed', 'foreign']).toContain(read.kind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('reading a token', () => {
  it.each([
    ['a later version of ours', 'r2_whatever_it.holds', 'foreign'],
    ['our version in another form', 'r1_1_2', 'malformed'],
    ["another server's", 's72595_4483_1934', 'malformed'],
    ['numbers beyond what a number holds', 'r1_0_zzzzzzzzzzz_0_AAAAAAAA_0.0', 'malformed'],
    ['something endless', `r2_${'x'.repeat(10_000)}`, 'malformed'],
  ])('takes %s for what it is', (_what, text, kind) => {
    expect(readSinceToken(text).kind).toBe(kind);
  });

  it('tells two topics and two users apart', () => {
    expect(identityOf('one', '@a:hs')).not.toBe(identityOf('two', '@a:hs'));
    expect(identityOf('one', '@a:hs')).not.toBe(identityOf('one', '@b:hs'));
  });
});
