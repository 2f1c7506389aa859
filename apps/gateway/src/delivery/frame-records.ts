// Frames as the deliveries topic holds them, read into what the gateway applies: news as the schema reads them, recipients as
// numbers. Invariant: a record that is no frame is undefined; it never stops a partition. A frame as our builder writes it
// costs no text per recipient, so that a room of thousands costs one look at its bytes.
import { isUtf8 } from 'node:buffer';
import {
  FoundFrame,
  decodeFrame,
  findFrame,
  frameText,
  FRAME_ENTRY_TAIL,
  type FrameNews,
  type UserNumbers,
} from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { AsciiNames, UNKNOWN_NAME, type Interner } from '#libs/interest';
import { isUserId } from '#libs/matrix';
import { asciiOf } from '#libs/views';
import { FrameOrigins, type FrameOrigin } from './frame-origin.js';

/** News and who is told, by the numbers of `users`. */
export interface NumberedEntry {
  readonly news: FrameNews;
  /** The sender's number. */
  readonly row: number;
  /** The same text for all news of one sender. */
  readonly sender: string;
  /** Valid until the next frame is read. */
  readonly to: Int32Array;
}

export interface ReadFrame {
  readonly entries: readonly NumberedEntry[];
  readonly origin: FrameOrigin;
  /** Append time. */
  readonly toldAtMs: number;
}

export class FrameReader {
  readonly #recipients: Recipients;
  readonly #found = new FoundFrame();
  readonly #origins = new FrameOrigins();

  constructor(private readonly users: Interner) {
    this.#recipients = new Recipients(users);
  }

  read(record: LogRecord): ReadFrame | undefined {
    const { value, headers = {} } = record;
    if (value === null || !isUtf8(value)) return undefined;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const entries = this.#quickly(bytes) ?? this.#wholly(bytes);
    if (entries === undefined) return undefined;
    const origin = this.#origins.of(headers['memberships'] ?? '', headers['rooms'] ?? '');
    return { entries, origin, toldAtMs: record.timestampMs };
  }

  /** undefined decides nothing. */
  #quickly(bytes: Buffer): NumberedEntry[] | undefined {
    const found = this.#found;
    if (!findFrame(bytes, this.#recipients, found)) return undefined;
    const heads: string[] = [];
    for (let entry = 0; entry < found.entries; entry++)
      heads.push(bytes.toString('utf8', found.headStarts[entry], found.headEnds[entry]) + FRAME_ENTRY_TAIL);
    const decoded = decodeFrame(frameText(heads));
    if (!decoded.ok) return undefined;
    return decoded.record.entries.map((news, entry) =>
      this.#numbered(news, found.recipients.subarray(found.recipientStarts[entry], found.recipientEnds[entry])),
    );
  }

  #wholly(bytes: Buffer): NumberedEntry[] | undefined {
    const decoded = decodeFrame(bytes.toString('utf8'));
    if (!decoded.ok) return undefined;
    return decoded.record.entries.map((news) =>
      this.#numbered(
        news,
        Int32Array.from(news.to, (recipient) => this.users.intern(recipient)),
      ),
    );
  }

  #numbered(news: FrameNews, to: Int32Array): NumberedEntry {
    const row = this.users.intern(news.userId);
    return { news, row, sender: this.users.nameOf(row), to };
  }
}

/** Users' numbers by the bytes of their ids; an id is looked at once. */
class Recipients implements UserNumbers {
  readonly #names: AsciiNames;

  constructor(private readonly users: Interner) {
    this.#names = new AsciiNames(users);
  }

  get end(): number {
    return this.#names.end;
  }

  numberAt(bytes: Uint8Array, start: number): number {
    const known = this.#names.find(bytes, start);
    if (known !== UNKNOWN_NAME) return known;
    const name = asciiOf(bytes, start, this.#names.end);
    return isUserId(name) ? this.users.intern(name) : UNKNOWN_NAME;
  }
}
