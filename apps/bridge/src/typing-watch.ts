// Who has begun to type: `m.typing` tells everybody who types in a room, again and again, and only who was not there the last
// time has done something. Invariant: bounded in rooms; a room that was forgotten at worst tells its typists once more.

const MAX_ROOMS = 100_000;

export class TypingWatch {
  readonly #rooms = new Map<string, ReadonlySet<string>>();

  /** Those of the list who did not type in the room before. */
  begun(roomId: string, userIds: readonly string[]): readonly string[] {
    const before = this.#rooms.get(roomId);
    this.#rooms.delete(roomId);
    if (userIds.length > 0) this.#rooms.set(roomId, new Set(userIds));
    if (this.#rooms.size > MAX_ROOMS) {
      const oldest = this.#rooms.keys().next();
      if (oldest.done !== true) this.#rooms.delete(oldest.value);
    }
    return userIds.filter((userId) => before?.has(userId) !== true);
  }
}
