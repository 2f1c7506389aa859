// A view as stored: in states, changes and frames the same four fields. Invariant: `presence` and `currently_active`
// are always written, false included; the others only when they are known.
import { numberField, textField } from './json-text.js';
import { type Static, Type } from '@sinclair/typebox';
import { type View } from '#libs/presence';
import { Flag, PresenceWord, StatusMessage, Timestamp, optional } from './words.js';

export const VIEW_FIELDS = {
  presence: PresenceWord,
  status_msg: optional(StatusMessage),
  currently_active: Flag,
  last_active_ts: optional(Timestamp),
};

export const StoredView = Type.Object(VIEW_FIELDS, { description: 'a view' });

export type StoredView = Static<typeof StoredView>;

export function viewOf(stored: StoredView): View {
  const statusMsg = stored.status_msg ?? '';
  const lastActiveAtMs = stored.last_active_ts ?? undefined;
  return {
    presence: stored.presence,
    ...(statusMsg === '' ? {} : { statusMsg }),
    currentlyActive: stored.currently_active,
    ...(lastActiveAtMs === undefined ? {} : { lastActiveAtMs }),
  };
}

/** The fields of a view as JSON, without braces. */
export function viewJson({ presence, statusMsg, currentlyActive, lastActiveAtMs }: View): string {
  const message = textField('status_msg', statusMsg === '' ? undefined : statusMsg);
  return `"presence":"${presence}"${message},"currently_active":${currentlyActive}${numberField('last_active_ts', lastActiveAtMs)}`;
}

/** A life of 0 is not written. */
export function writtenLife(life: number): number | undefined {
  return life === 0 ? undefined : life;
}
