// Names as somebody would make them on purpose against tables by FNV-1a, whose places it knows.

/** A global is slow to reach from a test. */
const { imul } = Math;

/** Their places in a table of up to 2^12 are the same: the low bits of their FNV-1a, mixed as `Interner` and `UserNames` mix it. */
export function crowdedNames(count: number): string[] {
  const names: string[] = [];
  for (let number = 0; names.length < count; number += 1) {
    const name = `@${number.toString(36)}:evil`;
    let hash = 0x811c9dc5;
    for (let at = 0; at < name.length; at += 1) hash = imul(hash ^ name.charCodeAt(at), 0x01000193);
    hash = imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    if (((hash ^ (hash >>> 13)) & 0xfff) === 0x123) names.push(name);
  }
  return names;
}
