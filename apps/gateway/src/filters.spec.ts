// Filters by id: understood by every gateway when short, kept within bounds when long.
import type { Parsed } from '#libs/matrix';
import { Filters } from './filters.js';

const BOUNDS = { maxFilterBytes: 16_384, maxFiltersPerUser: 2 };
const ALICE = '@alice:hs';
const filters = (): Filters => new Filters(BOUNDS);

function valueOf<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(parsed.refusal.body.error);
  return parsed.value;
}
const statusOf = (parsed: Parsed<unknown>): number => (parsed.ok ? 200 : parsed.refusal.status);
/** Random enough not to be compressed. */
const long = (seed: number): string =>
  JSON.stringify({
    presence: {
      senders: Array.from(
        { length: 200 },
        (_, n) => `@${((seed * 7919 + n * 104_729) % 1_000_003).toString(36)}${(n * n * 31).toString(36)}:hs`,
      ),
    },
  });

describe('a filter', () => {
  it('that was uploaded at one gateway is found at another, and after a restart', () => {
    const source = { presence: { senders: ['@b:hs'], limit: 5 }, room: { timeline: { limit: 8 } } };
    const id = valueOf(filters().upload(ALICE, JSON.stringify(source)));
    expect(id).toMatch(/^z\.[A-Za-z0-9_-]{1,998}$/);
    expect(valueOf(filters().find(ALICE, id)).source).toEqual(source);
    const wanted = valueOf(filters().wanted(ALICE, id));
    expect([wanted.limit, wanted.passes?.('@b:hs'), wanted.passes?.('@c:hs')]).toEqual([5, true, false]);
  });

  it('that is long is kept for its user, up to a number', () => {
    const own = filters();
    const ids = [1, 2, 3].map((seed) => valueOf(own.upload(ALICE, long(seed))));
    expect(ids.every((id) => id.startsWith('h.'))).toBe(true);
    expect(ids.map((id) => statusOf(own.find(ALICE, id)))).toEqual([404, 200, 200]);
    expect(statusOf(own.find('@bob:hs', String(ids[2])))).toBe(404);
    expect(statusOf(own.wanted('@bob:hs', String(ids[2])))).toBe(404);
  });

  it('inline and by its id lets the same through', () => {
    const text = '{"presence":{"not_senders":["@b:hs"]}}';
    const own = filters();
    const [inline, byId] = [
      valueOf(own.wanted(ALICE, text)),
      valueOf(own.wanted(ALICE, valueOf(own.upload(ALICE, text)))),
    ];
    for (const sender of ['@b:hs', '@c:hs']) expect(inline.passes?.(sender)).toBe(byId.passes?.(sender));
  });

  it('that lets nothing through by a limit of 0 never holds the token back', () => {
    const wanted = valueOf(filters().wanted(ALICE, '{"presence":{"limit":0}}'));
    expect([wanted.limit, wanted.passes?.('@b:hs')]).toEqual([Infinity, false]);
  });

  it('over its bound is refused, uploaded, inline, or as an id that swells', () => {
    const huge = JSON.stringify({ presence: { senders: new Array(3_000).fill('@b:hs') } });
    expect(statusOf(filters().upload(ALICE, huge))).toBe(413);
    expect(statusOf(filters().wanted(ALICE, huge))).toBe(413);
    const generous = new Filters({ ...BOUNDS, maxFilterBytes: 1_000_000 });
    const bomb = valueOf(generous.upload(ALICE, huge));
    expect(bomb).toMatch(/^z\./);
    expect(statusOf(filters().find(ALICE, bomb))).toBe(404);
  });

  it('absent or empty wants everything', () => {
    for (const parameter of [undefined, ''])
      expect(valueOf(filters().wanted(ALICE, parameter))).toEqual({ passes: undefined, limit: Infinity });
  });
});
