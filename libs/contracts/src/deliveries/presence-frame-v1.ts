// `presence.frame`, version 1: news of senders, each once, with those of one delivery partition who are told. Invariant:
// an entry either has a view, or is `gone` with (life, 0), which is newer than everything of the life that ended.
import { type Static, Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { type View } from '#libs/presence';
import { storedVersion } from '../format/stored-version.js';
import { VIEW_FIELDS, viewOf } from '../format/view-fields.js';
import { LastVersion, Life, Timestamp, User, Version, optional } from '../format/words.js';

interface Stamped {
  readonly userId: UserId;
  readonly life: number;
  readonly version: number;
  /** Milliseconds. */
  readonly changedAtMs: number;
  /** W3C trace context of the input that made the change told here, if it came with one. */
  readonly traceparent?: string;
}

/** What is told of a sender; `gone`: the user was forgotten, and (life, 0) is the life that would begin next. */
export type FrameNews =
  (Stamped & { readonly kind: 'shown'; readonly view: View }) | (Stamped & { readonly kind: 'gone' });

export type FrameEntry = FrameNews & { readonly to: readonly UserId[] };

export interface FrameRecord {
  readonly entries: readonly FrameEntry[];
}

const TraceParent = optional(Type.String({ description: 'the W3C trace context of the input that made the change' }));
const Recipients = Type.Array(User, { description: 'a list of recipients' });

const ShownV1 = Type.Object({
  user_id: User,
  life: optional(Life),
  version: Version,
  changed_ts: Timestamp,
  ...VIEW_FIELDS,
  traceparent: TraceParent,
  to: Recipients,
});
const GoneV1 = Type.Object({
  user_id: User,
  life: optional(Life),
  version: LastVersion,
  changed_ts: Timestamp,
  gone: Type.Literal(true),
  traceparent: TraceParent,
  to: Recipients,
});
const EntryV1 = Type.Union([GoneV1, ShownV1], {
  description: 'an entry: user_id, version, changed_ts, a view or "gone":true, and the recipients',
});

export const PresenceFrameV1 = Type.Object(
  {
    type: Type.Literal('presence.frame'),
    v: Type.Literal(1),
    entries: Type.Array(EntryV1, { description: 'a list of entries' }),
  },
  {
    title: 'presence.frame',
    description: 'News of senders, each once, with the recipients of this delivery partition.',
  },
);

export const presenceFrameV1 = storedVersion(PresenceFrameV1, (stored): FrameRecord => ({
  entries: stored.entries.map(entryOf),
}));

function entryOf(stored: Static<typeof EntryV1>): FrameEntry {
  const userId = stored.user_id as UserId;
  const known = { userId, life: stored.life ?? 0, version: stored.version, changedAtMs: stored.changed_ts };
  const { traceparent } = stored;
  const stamp = traceparent === undefined || traceparent === null ? known : { ...known, traceparent };
  const to = stored.to as UserId[];
  if ('gone' in stored && stored.gone) return { kind: 'gone', ...stamp, to };
  return { kind: 'shown', ...stamp, view: viewOf(stored as Static<typeof ShownV1>), to };
}
