// Tokens of a /sync in front of a homeserver.
import * as fc from 'fast-check';
import { joinTokens, splitToken, withoutOurTokens } from './combined-token.js';

const ours = fc.stringMatching(/^r1_[0-9a-z._-]{1,40}$/);

describe('a combined token', () => {
  it('gives both parts back, whatever the homeserver’s looks like', () => {
    fc.assert(
      fc.property(ours, fc.string({ minLength: 1, unit: 'binary' }), (own, theirs) => {
        expect(splitToken(joinTokens(own, theirs))).toEqual({ ours: own, theirs });
      }),
    );
  });

  it('is the homeserver’s own where there is nothing of ours', () => {
    expect(joinTokens(undefined, 's1_2')).toBe('s1_2');
    expect(splitToken('m5~1.6~2.7_8')).toEqual({ theirs: 'm5~1.6~2.7_8' });
    expect(splitToken('rc~cut')).toEqual({ theirs: 'rc~cut' });
    expect(splitToken('')).toEqual({});
    expect(splitToken(undefined)).toEqual({});
  });
});

describe('a query for the homeserver', () => {
  it('has its own tokens again, and everything else as it was', () => {
    const query = 'from=rc~r1_0_a~s1_2&dir=b&filter=%7B%22a%22%3A1%7D&to=rc%7Er1%7Em5~1.6&x=a%20b+c&flag';
    expect(withoutOurTokens(query)).toBe('from=s1_2&dir=b&filter=%7B%22a%22%3A1%7D&to=m5~1.6&x=a%20b+c&flag');
  });

  it.each(['', 'a', 'since=s1', 'q=rc', 'q=%E0%A4%A'])('without them is untouched: %j', (query) => {
    expect(withoutOurTokens(query)).toBe(query);
  });
});
