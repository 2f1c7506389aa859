// Texts that come again and again (device and session ids), each made from its bytes once. Invariant: what it gives is always
// the text of those bytes; what it remembers is bounded, and a text that falls out is only made anew.

const SLOTS = 4096;
/** Longer texts, and those that are not ASCII, are seldom and not remembered. */
const LONGEST = 40;

export class KnownTexts {
  readonly #slots = new Array<string>(SLOTS).fill('');

  /** The bytes must be UTF-8. */
  of(bytes: Uint8Array, start: number, end: number): string {
    if (end - start > LONGEST) return textOf(bytes, start, end, 'utf8');
    let hash = end - start;
    let high = 0;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at]!;
      high |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (high >= 0x80) return textOf(bytes, start, end, 'utf8');
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#slots[slot]!;
    if (isTextOf(known, bytes, start, end)) return known;
    const text = textOf(bytes, start, end, 'latin1');
    this.#slots[slot] = text;
    return text;
  }
}

export function textOf(bytes: Uint8Array, start: number, end: number, encoding: 'latin1' | 'utf8'): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString(encoding);
}

function isTextOf(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}
