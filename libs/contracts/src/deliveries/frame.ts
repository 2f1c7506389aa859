// `presence.deliveries`: frames, whose key is null and whose partition is their recipients'. Invariant: a frame is
// built from texts that are made once: the head of an entry per change, a quoted recipient per user.
import { type Decoded } from '../format/decoded.js';
import { numberField, textField, textJson } from '../format/json-text.js';
import { decodeText, recordFamily } from '../format/record-family.js';
import { viewJson, writtenLife } from '../format/view-fields.js';
import { type FrameEntry, type FrameNews, type FrameRecord, presenceFrameV1 } from './presence-frame-v1.js';

export const DELIVERIES = recordFamily<FrameRecord>({ 'presence.frame': [presenceFrameV1] });

const HEAD = '{"type":"presence.frame","v":1,"entries":[';
const TAIL = ']}';

/** Bytes of a frame besides its entries; between two entries stands one more, a comma. */
export const FRAME_OVERHEAD_BYTES = HEAD.length + TAIL.length;

export function decodeFrame(text: string | null): Decoded<FrameRecord> {
  return decodeText(DELIVERIES, text);
}

type Loose<T> = T extends FrameNews ? Omit<T, 'userId'> & { readonly userId: string } : never;

/** News as they are told; the same for every delivery partition. */
export type News = Loose<FrameNews>;

/** The text of an entry up to its first recipient: made once per change, whatever the number of frames. */
export function frameEntryHead(news: News): string {
  const { userId, life, version, changedAtMs, traceparent } = news;
  const stamp = `${numberField('life', writtenLife(life))},"version":${version},"changed_ts":${changedAtMs}`;
  const told = news.kind === 'gone' ? '"gone":true' : viewJson(news.view);
  return `{"user_id":${textJson(userId)}${stamp},${told}${textField('traceparent', traceparent)},"to":[`;
}

/** What follows the last recipient. */
export const FRAME_ENTRY_TAIL = ']}';

/** A recipient as it stands in an entry; entries separate recipients with commas. */
export function frameRecipient(userId: string): string {
  return textJson(userId);
}

/** `head` from `frameEntryHead`, recipients from `frameRecipient`. */
export function frameEntryText(head: string, recipients: readonly string[]): string {
  return head + recipients.join(',') + FRAME_ENTRY_TAIL;
}

export function frameText(entries: readonly string[]): string {
  return HEAD + entries.join(',') + TAIL;
}

/** All of it at once, where speed is no matter. */
export function encodeFrame(frame: {
  readonly entries: readonly (News & { readonly to: readonly string[] })[];
}): string {
  return frameText(frame.entries.map((entry) => frameEntryText(frameEntryHead(entry), entry.to.map(frameRecipient))));
}

export type { FrameEntry, FrameNews, FrameRecord };
