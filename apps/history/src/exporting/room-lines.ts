// Memberships and room policies as lines for DuckDB. Invariant: of somebody forgotten there is no line; a tombstone is the leave
// or the `share` that it means. They are few beside the changes, so each is decoded.
import { decodeMembership, decodeRoomPolicy } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { textOf } from '#libs/views';
import type { ForgottenUsers } from './forgotten.js';
import type { LineFile } from './line-file.js';
import { type Judged, type LineWriter, hidden } from './lines.js';
import type { Pseudonyms } from './pseudonyms.js';

export interface RoomLineOptions {
  readonly forgotten: ForgottenUsers;
  readonly pseudonyms: Pseudonyms | undefined;
}

const notText: Judged = { word: 'unreadable', reason: 'it is not UTF-8' };

abstract class DecodedLines implements LineWriter {
  constructor(protected readonly options: RoomLineOptions) {}

  add({ key, value, offset, timestampMs }: LogRecord, file: LineFile): Judged {
    const text = textOf(value);
    const keyText = textOf(key);
    if (text === undefined || keyText === undefined) return notText;
    const found = this.read(text, keyText, timestampMs);
    if ('word' in found) return found;
    file.text(`${JSON.stringify({ o: offset, t: timestampMs, ...found })}\n`);
    return { word: 'written', atMs: timestampMs };
  }

  protected abstract read(text: string | null, key: string | null, timestampMs: number): Judged | object;

  protected shown(id: string): string {
    return this.options.pseudonyms?.of(id) ?? id;
  }
}

export class MembershipLines extends DecodedLines {
  protected override read(text: string | null, key: string | null, timestampMs: number): Judged | object {
    const decoded = decodeMembership(text, key);
    if (!decoded.ok) return { word: 'unreadable', reason: decoded.reason };
    const { roomId, userId, membership } = decoded.record;
    if (this.options.forgotten.hidesMembership(userId, timestampMs)) return hidden;
    return { room_id: this.shown(roomId), user_id: this.shown(userId), membership };
  }
}

export class RoomPolicyLines extends DecodedLines {
  protected override read(text: string | null, key: string | null): Judged | object {
    const decoded = decodeRoomPolicy(text, key);
    if (!decoded.ok) return { word: 'unreadable', reason: decoded.reason };
    return { room_id: this.shown(decoded.record.roomId), policy: decoded.record.presence };
  }
}
