// What one loop says when several of its requests are in flight at once.
import { Session, spread } from './session.js';

const session = (): Session => new Session({ userId: '@a:hs', deviceId: 'D', claim: 'auto' }, 'key', 's');

describe('a loop of one request at a time', () => {
  it('says what its latest request said', () => {
    const loop = session();
    for (const claim of ['auto', 'unavailable', 'none', 'online'] as const) {
      loop.started(claim);
      expect(loop.wanted).toBe(claim);
      loop.ended(claim, 'answered', 1);
      expect(loop.wanted).toBe(claim);
    }
  });

  it('is idle from the end of its last request on', () => {
    const loop = session();
    loop.started('auto');
    expect(loop.idle).toBe(false);
    loop.ended('auto', 'answered', 77);
    expect(loop.idle).toBe(true);
    expect(loop.lastEndMs).toBe(77);
  });
});

describe('a loop with requests that overlap', () => {
  it('hears a claim at once, whichever is in flight', () => {
    const loop = session();
    loop.started('auto');
    loop.started('unavailable');
    expect(loop.wanted).toBe('unavailable');
  });

  it('is not silenced by a request that only watches beside one that claims', () => {
    const loop = session();
    loop.started('auto');
    loop.started('none');
    loop.ended('none', 'answered', 1);
    expect(loop.wanted).toBe('auto');
    loop.ended('auto', 'answered', 2);
    expect(loop.wanted).toBe('auto');
  });

  it('is silenced when the client gave up what claimed and goes on with what does not', () => {
    const loop = session();
    loop.started('auto');
    loop.started('none');
    loop.ended('auto', 'abandoned', 1);
    expect(loop.wanted).toBe('none');
  });

  it('is not silenced by an abandoned request while another still claims', () => {
    const loop = session();
    loop.started('auto');
    loop.started('auto');
    loop.started('none');
    loop.ended('auto', 'abandoned', 1);
    expect(loop.wanted).toBe('auto');
  });

  it('is not idle before the last of them has ended', () => {
    const loop = session();
    loop.started('auto');
    loop.started('auto');
    loop.ended('auto', 'answered', 1);
    expect(loop.idle).toBe(false);
  });
});

describe('the spread of renewals', () => {
  it('is the same for the same words, and near even over many', () => {
    expect(spread('x')).toBe(spread('x'));
    const buckets = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n += 1) buckets[Math.floor(spread(`@user${String(n)}:hs D 1`) * 10)]! += 1;
    expect(Math.min(...buckets)).toBeGreaterThan(800);
    expect(Math.max(...buckets)).toBeLessThan(1_200);
  });
});
