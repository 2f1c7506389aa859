// Columns that grow with the highest number in use. Invariant: what was never written reads as zero. By quarters, not by
// doubling, because with a million rows the slack counts.

export function grownInt32(column: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  if (needed <= column.length) return column;
  const grown = new Int32Array(roomFor(needed, column.length));
  grown.set(column);
  return grown;
}

export function grownUint8(column: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= column.length) return column;
  const grown = new Uint8Array(roomFor(needed, column.length));
  grown.set(column);
  return grown;
}

function roomFor(needed: number, length: number): number {
  return Math.max(needed, length + (length >> 2), 16);
}
