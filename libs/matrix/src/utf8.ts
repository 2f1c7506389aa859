// UTF-8 without the platform: lengths and bytes of text, and the repair of text that has none. Invariant: for every
// string, `utf8Length(text) === utf8Bytes(text).length`, a lone surrogate counting as the U+FFFD that it becomes.
// It stands apart because the pure rooms have neither TextEncoder nor Buffer.

const REPLACEMENT = 0xfffd;

/** Bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    bytes += 1;
    if (unit < 0x800) continue;
    bytes += 1;
    // A pair is two units and four bytes: the two units counted already and these two.
    if (isPairAt(text, index)) index += 1;
  }
  return bytes;
}

/** Whether `text` has more than `limit` bytes in UTF-8; looks at no more of it than it must. */
export function exceedsUtf8(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  return text.length * 3 > limit && utf8Length(text) > limit;
}

/** The bytes of `text`; lone surrogates become U+FFFD, as everywhere on the web. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (const character of text) {
    const point = repaired(character.codePointAt(0) ?? REPLACEMENT);
    at = writePoint(bytes, at, point);
  }
  return bytes;
}

/** True when `text` can be written as UTF-8 and read back the same: no lone surrogate. */
export function isWellFormed(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (!isPairAt(text, index)) return false;
    index += 1;
  }
  return true;
}

/** `text` with every lone surrogate replaced by U+FFFD: what a strict JSON reader can take. */
export function toWellFormed(text: string): string {
  if (isWellFormed(text)) return text;
  let result = '';
  for (const character of text) result += String.fromCodePoint(repaired(character.codePointAt(0) ?? REPLACEMENT));
  return result;
}

function repaired(point: number): number {
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

function isPairAt(text: string, index: number): boolean {
  const high = text.charCodeAt(index);
  if (high < 0xd800 || high > 0xdbff) return false;
  const low = text.charCodeAt(index + 1);
  return low >= 0xdc00 && low <= 0xdfff;
}

function writePoint(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point;
    return at + 1;
  }
  const trailing = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = trailing === 1 ? 0xc0 : trailing === 2 ? 0xe0 : 0xf0;
  bytes[at] = lead | (point >> (6 * trailing));
  for (let left = trailing - 1; left >= 0; left -= 1)
    bytes[at + trailing - left] = 0x80 | ((point >> (6 * left)) & 0x3f);
  return at + trailing + 1;
}
