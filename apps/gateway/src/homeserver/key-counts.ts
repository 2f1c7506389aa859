// What an answer of presence alone must say of a device's keys: a client takes absent counts of one-time keys for none, and would
// upload keys without end (client-server API, "Sync": "If this entire parameter is absent, all counts are assumed to be zero").
// Invariant: told again is only what the homeserver said last, and only to the client that goes on from there.

export const KEY_COUNT_MEMBERS: readonly string[] = [
  'device_one_time_keys_count',
  'device_unused_fallback_key_types',
  'org.matrix.msc2732.device_unused_fallback_key_types',
];

interface Said {
  /** The homeserver's token that came with it. */
  readonly theirs: string;
  /** Members as JSON text without braces. */
  readonly members: string;
}

const MAX_DEVICES = 300_000;

export class KeyCounts {
  readonly #said = new Map<string, Said>();

  /** `undefined` = not known here: the homeserver must be asked. */
  of(device: string, theirs: string): string | undefined {
    const said = this.#said.get(device);
    return said?.theirs === theirs ? said.members : undefined;
  }

  remember(device: string, said: Said): void {
    this.#said.delete(device);
    this.#said.set(device, said);
    if (this.#said.size <= MAX_DEVICES) return;
    const oldest = this.#said.keys().next();
    if (oldest.done !== true) this.#said.delete(oldest.value);
  }
}
