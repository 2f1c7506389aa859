// Texts and views out of the bytes in which they were found. Invariant: whoever asks knows what the bytes are. Views are made
// field by field: spreading objects into them took longer than finding them.
import type { FoundView } from '#libs/contracts';
import type { Presence, View } from '#libs/presence';
import { bufferOf } from './record-text.js';

type ViewInTheMaking = { -readonly [Field in keyof View]: View[Field] };

export function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  return bufferOf(bytes).toString('latin1', start, end);
}

/** `hasHigh`: the message may be more than ASCII; the value is UTF-8 then. */
export function foundViewOf(found: FoundView & { readonly hasHigh: boolean }, value: Uint8Array): View {
  const { presence, isCurrentlyActive, statusStart, statusEnd, lastActiveAtMs } = found;
  const encoding = found.hasHigh ? 'utf8' : 'latin1';
  const statusMsg = statusStart < 0 ? undefined : bufferOf(value).toString(encoding, statusStart, statusEnd);
  return viewFrom(presence, isCurrentlyActive, statusMsg, lastActiveAtMs);
}

/** `lastActiveAtMs`: NaN = absent. */
export function viewFrom(
  presence: Presence,
  currentlyActive: boolean,
  statusMsg: string | undefined,
  lastActiveAtMs: number,
): View {
  const view: ViewInTheMaking = { presence, currentlyActive };
  if (statusMsg !== undefined) view.statusMsg = statusMsg;
  if (!Number.isNaN(lastActiveAtMs)) view.lastActiveAtMs = lastActiveAtMs;
  return view;
}
