// Short ASCII texts that come again and again (device ids), each made from its bytes once. Invariant: what it gives is
// always the text of those bytes; what it remembers is bounded, and a text that falls out is only made anew.

const SLOTS = 4096;

export class KnownTexts {
  readonly #slots = new Array<string>(SLOTS).fill('');

  /** The bytes must be ASCII. */
  of(bytes: Uint8Array, start: number, end: number): string {
    let hash = end - start;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#slots[slot]!;
    if (isTextOf(known, bytes, start, end)) return known;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
    this.#slots[slot] = text;
    return text;
  }
}

function isTextOf(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}
