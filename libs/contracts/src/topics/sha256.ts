// SHA-256 (FIPS 180-4) of a short text, in hexadecimal. It stands here because this room sees no platform; the names of
// recipient topics over 249 characters need it, a few bytes now and then.
import { utf8Bytes } from '#libs/matrix';

const BLOCK_BYTES = 64;
const ROUND_COUNT = 64;
const [INITIAL, ROUNDS] = constants();

/** 64 lower-case hexadecimal digits. */
export function sha256Hex(text: string): string {
  const padded = pad(utf8Bytes(text));
  const state = Uint32Array.from(INITIAL);
  const schedule = new Uint32Array(ROUND_COUNT);
  for (let at = 0; at < padded.byteLength; at += BLOCK_BYTES) {
    expand(schedule, padded, at);
    compress(state, schedule);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** The fractions of the square roots of the first 8 primes, and of the cube roots of the first 64. */
function constants(): [Uint32Array, Uint32Array] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < ROUND_COUNT; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  const fraction = (root: number): number => (root - Math.floor(root)) * 2 ** 32;
  return [
    Uint32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
    Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  ];
}

function pad(bytes: Uint8Array): DataView {
  const blocks = Math.ceil((bytes.length + 9) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor((bytes.length * 8) / 2 ** 32));
  view.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  return view;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function expand(schedule: Uint32Array, block: DataView, at: number): void {
  for (let index = 0; index < 16; index += 1) schedule[index] = block.getUint32(at + index * 4);
  for (let index = 16; index < ROUND_COUNT; index += 1) {
    const [w16, w15, w7, w2] = [16, 15, 7, 2].map((back) => schedule[index - back] ?? 0) as [
      number,
      number,
      number,
      number,
    ];
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    schedule[index] = w16 + s0 + w7 + s1;
  }
}

function compress(state: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let index = 0; index < ROUND_COUNT; index += 1) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + s1 + choice + (ROUNDS[index] ?? 0) + (schedule[index] ?? 0)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + s0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = (state[index] ?? 0) + word;
  });
}
