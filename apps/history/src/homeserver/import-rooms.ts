// The rooms and members that a homeserver had before it told us of them. Invariant: after a room was written it is read again,
// until what was written is what the homeserver says: whatever transactions the bridge writes meanwhile, the last word on a
// membership is the homeserver's. Only differences are written, so a repeated import writes nothing.
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { encodeMembership, encodeRoomPolicy, membershipKey, type MembershipWord } from '#libs/contracts';
import { isRoomId, isUserId } from '#libs/matrix';
import type { RoomPolicies } from '#apps/bridge';
import { Failure } from '../failure.js';
import type { Sink } from '../feeding/sinks.js';
import type { AdminApi, ListedRoom } from './admin-api.js';
import type { KnownRooms } from './known-rooms.js';

export interface RoomImport {
  readonly api: AdminApi;
  readonly known: KnownRooms;
  readonly policies: RoomPolicies;
  readonly sinks: { readonly memberships: Sink; readonly rooms: Sink };
  /** Rooms done by an import that was cut off, one id a line. */
  readonly resumeFile: string;
  /** Everybody leaves rooms that the homeserver does not know. */
  readonly removeUnknown: boolean;
  readonly ending: AbortSignal;
  readonly show: (counts: ImportCounts, total: number) => void;
}

export interface ImportCounts {
  rooms: number;
  joins: number;
  leaves: number;
  policies: number;
  /** Rooms of the log that the homeserver does not know. */
  unknown: number;
  isCutOff: boolean;
}

const AT_ONCE = 8;
/** A room in which people come and go faster than it is read is right as soon as the bridge has caught up. */
const MAX_ROUNDS = 10;

export async function importRooms(options: RoomImport): Promise<ImportCounts> {
  const run = new Run(options);
  return run.all();
}

class Run {
  readonly #counts: ImportCounts = { rooms: 0, joins: 0, leaves: 0, policies: 0, unknown: 0, isCutOff: false };
  readonly #done: Set<string>;
  readonly #listed = new Set<string>();
  #total = 0;

  constructor(private readonly options: RoomImport) {
    const { resumeFile } = options;
    this.#done = new Set(existsSync(resumeFile) ? readFileSync(resumeFile, 'utf8').split('\n').filter(Boolean) : []);
  }

  async all(): Promise<ImportCounts> {
    const { api, ending, resumeFile } = this.options;
    for (let from: number | undefined = 0; from !== undefined && !ending.aborted;) {
      const page = await api.rooms(from);
      this.#total = page.total;
      await this.#page(page.rooms);
      from = page.next;
    }
    if (!ending.aborted) await this.#unknownRooms();
    this.#counts.isCutOff = ending.aborted;
    if (!ending.aborted) rmSync(resumeFile, { force: true });
    return this.#counts;
  }

  async #page(rooms: readonly ListedRoom[]): Promise<void> {
    const waiting = rooms.filter(({ roomId }) => isRoomId(roomId));
    for (const { roomId } of waiting) this.#listed.add(roomId);
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (let room = waiting.shift(); room !== undefined && !this.options.ending.aborted; room = waiting.shift())
        await this.#room(room);
    });
    await Promise.all(workers);
  }

  async #room({ roomId, joinRule }: ListedRoom): Promise<void> {
    if (!this.#done.has(roomId)) {
      await this.#policy(roomId, joinRule);
      await this.#members(roomId);
      this.#done.add(roomId);
      keep(this.options.resumeFile, roomId);
    }
    this.#counts.rooms += 1;
    this.options.show(this.#counts, this.#total);
  }

  async #policy(roomId: string, joinRule: string): Promise<void> {
    const { known, policies, sinks } = this.options;
    const presence = policies.policyOf(roomId, joinRule);
    if (known.policyOf(roomId) === presence) return;
    await sinks.rooms.write([{ kind: 'record', line: 1, key: roomId, value: encodeRoomPolicy({ roomId, presence }) }]);
    known.setPolicy(roomId, presence);
    this.#counts.policies += 1;
  }

  /** Reads and writes until there is nothing to write. */
  async #members(roomId: string): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const members = new Set(((await this.options.api.members(roomId)) ?? []).filter(isUserId));
      if ((await this.#write(roomId, members)) === 'nothing') return;
    }
  }

  async #write(roomId: string, members: ReadonlySet<string>): Promise<'something' | 'nothing'> {
    const { known, sinks } = this.options;
    const before = known.members(roomId);
    const changes: [string, MembershipWord][] = [
      ...[...members]
        .filter((userId) => !before.has(userId))
        .map((userId): [string, MembershipWord] => [userId, 'join']),
      ...[...before]
        .filter((userId) => !members.has(userId))
        .map((userId): [string, MembershipWord] => [userId, 'leave']),
    ];
    for (let start = 0; start < changes.length; start += sinks.memberships.maxLines) {
      const part = changes.slice(start, start + sinks.memberships.maxLines);
      const refused = await sinks.memberships.write(
        part.map(([userId, membership], index) => {
          const value = encodeMembership({ roomId, userId, membership });
          return { kind: 'record' as const, line: index + 1, key: membershipKey(roomId, userId), value };
        }),
      );
      if (refused[0] !== undefined) throw new Failure(`a membership of ${roomId} was refused: ${refused[0].error}`);
      for (const [userId, membership] of part) {
        known.set(roomId, userId, membership === 'join');
        this.#counts[membership === 'join' ? 'joins' : 'leaves'] += 1;
      }
    }
    return changes.length > 0 ? 'something' : 'nothing';
  }

  /** Rooms may have been made while the list was read: each is asked for by itself. */
  async #unknownRooms(): Promise<void> {
    const { api, known, removeUnknown } = this.options;
    for (const roomId of known.rooms().filter((room) => !this.#listed.has(room))) {
      if ((await api.members(roomId)) !== undefined) {
        await this.#members(roomId);
        continue;
      }
      this.#counts.unknown += 1;
      if (removeUnknown) await this.#write(roomId, new Set());
    }
  }
}

/** A folder that cannot be written to costs the resuming, not the import. */
function keep(resumeFile: string, roomId: string): void {
  try {
    appendFileSync(resumeFile, `${roomId}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
