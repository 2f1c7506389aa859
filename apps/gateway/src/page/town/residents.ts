// Who lives in the simulated town, where they meet, what they say, and what they do next. Invariant: pure; the same seed gives the
// same town with the same day. It stands apart from the log so that a day can be looked at in a test.
import type { Presence } from '#libs/presence';
import type { Draw } from './draw.js';

const SERVER = 'town';
const NAMES =
  'ada bela carl dora emil faye gina hugo iris jack kaya liam mona nora omar pia quin rosa sven tara ugo vera wim xena yara zeno anke bruno chloe dario elsa finn greta henk ines jonas kira lena milo nina otto paula rene sami tilda uwe viola willa'.split(
    ' ',
  );
const PLACES = ['bakery', 'library', 'market', 'workshop', 'harbour', 'tea-house'];
const SAYINGS = [
  'on the phone',
  'back at noon',
  'reading',
  'out for a walk',
  'ask me anything',
  'kneading dough',
  'mending nets',
  'two cups of tea',
  'in the garden',
  'lunch',
  'writing letters',
  'counting stock',
] as const;

export interface Resident {
  readonly userId: string;
  readonly roomIds: readonly string[];
}

/** What somebody does: their device, their words. `leave`: the connection ends; what follows is the grace's business. */
export type Deed =
  | { readonly kind: 'arrive'; readonly claim: 'auto' | 'unavailable' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'act' }
  | { readonly kind: 'say'; readonly presence: Presence; readonly statusMsg?: string };

/** What a resident has done last. */
export type Whereabouts = 'out' | 'here' | 'resting' | 'busy' | 'hiding';

export function residentsOf(draw: Draw, count: number): Resident[] {
  return NAMES.slice(0, count).map((name) => {
    const first = draw.below(PLACES.length);
    const second = (first + 1 + draw.below(PLACES.length - 1)) % PLACES.length;
    const places = draw.next() < 0.6 ? [first] : [first, second];
    return { userId: `@${name}:${SERVER}`, roomIds: places.map((place) => `!${PLACES[place] ?? ''}:${SERVER}`) };
  });
}

/** What they do next, and where that leaves them. */
export function nextDeed(draw: Draw, at: Whereabouts): { readonly deed: Deed; readonly then: Whereabouts } {
  const chance = draw.next();
  switch (at) {
    case 'out':
      return chance < 0.85
        ? { deed: { kind: 'arrive', claim: 'auto' }, then: 'here' }
        : { deed: { kind: 'arrive', claim: 'unavailable' }, then: 'resting' };
    case 'here':
      if (chance < 0.3) return { deed: { kind: 'act' }, then: 'here' };
      if (chance < 0.5)
        return { deed: { kind: 'say', presence: 'online', statusMsg: draw.oneOf(SAYINGS) }, then: 'here' };
      if (chance < 0.7) return { deed: { kind: 'say', presence: 'unavailable' }, then: 'resting' };
      if (chance < 0.82)
        return { deed: { kind: 'say', presence: 'busy', statusMsg: draw.oneOf(SAYINGS) }, then: 'busy' };
      if (chance < 0.92) return { deed: { kind: 'say', presence: 'offline' }, then: 'hiding' };
      return { deed: { kind: 'leave' }, then: 'out' };
    case 'resting':
    case 'hiding':
      return chance < 0.8
        ? { deed: { kind: 'say', presence: 'online' }, then: 'here' }
        : { deed: { kind: 'leave' }, then: 'out' };
    case 'busy':
      return { deed: { kind: 'say', presence: 'online' }, then: 'here' };
  }
}
