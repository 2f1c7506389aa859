// The homeserver's admin API (Synapse), as much as an import needs. Invariant: what is busy is asked again, what is refused is a
// sentence, and the token goes into a header and nowhere else.
import { setTimeout as pause } from 'node:timers/promises';
import { isJsonObject, type JsonObject } from '#libs/matrix';
import { Failure } from '../failure.js';
import type { Surroundings } from '../surroundings.js';

export interface ListedRoom {
  readonly roomId: string;
  readonly joinRule: string;
}

export interface RoomPage {
  readonly rooms: readonly ListedRoom[];
  readonly total: number;
  /** Where the next page begins; absent = this is the last. */
  readonly next?: number;
}

const PAGE = 500;
const ATTEMPTS = 8;
const PAUSE_MS = 500;

export class AdminApi {
  readonly #base: string;

  constructor(
    baseUrl: string,
    private readonly token: string,
    private readonly surroundings: Surroundings,
  ) {
    this.#base = baseUrl.replace(/\/+$/, '');
  }

  async rooms(from: number): Promise<RoomPage> {
    const query = new URLSearchParams({ from: String(from), limit: String(PAGE), order_by: 'name', dir: 'f' });
    const body = await this.#ask(`/_synapse/admin/v1/rooms?${query.toString()}`);
    if (body === undefined)
      throw new Failure(`${this.#base} has no admin API there: is it a Synapse, and is /_synapse reachable?`);
    const { rooms, total_rooms: total, next_batch: next } = body;
    const listed = (Array.isArray(rooms) ? rooms : []).filter(isJsonObject).map((room): ListedRoom => ({
      roomId: String(room['room_id']),
      joinRule: typeof room['join_rules'] === 'string' ? room['join_rules'] : 'invite',
    }));
    return { rooms: listed, total: Number(total ?? listed.length), ...(typeof next === 'number' ? { next } : {}) };
  }

  /** Everybody joined; `undefined` = the homeserver knows no such room. */
  async members(roomId: string): Promise<readonly string[] | undefined> {
    const body = await this.#ask(`/_synapse/admin/v1/rooms/${encodeURIComponent(roomId)}/members`);
    if (body === undefined) return undefined;
    const { members } = body;
    return Array.isArray(members) ? members.filter((member): member is string => typeof member === 'string') : [];
  }

  /** The body; `undefined` = 404. */
  async #ask(path: string): Promise<JsonObject | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#fetch(path, attempt);
      if (answer?.status === 200) return (await answer.json()) as JsonObject;
      if (answer?.status === 404) return undefined;
      if (answer?.status === 401 || answer?.status === 403)
        throw new Failure(
          `${this.#base} refuses the admin token (${String(answer.status)}): an access token of a user with "admin": true is needed.`,
        );
      const isBusy = answer === undefined || answer.status === 429 || answer.status >= 500;
      if (!isBusy || attempt === ATTEMPTS || this.surroundings.ending.aborted)
        throw new Failure(
          `${this.#base} answered ${String(answer?.status ?? 'nothing')} to ${path.split('?', 1)[0] ?? ''}`,
        );
      await pause(PAUSE_MS * attempt);
    }
  }

  /** `undefined` = no answer, and it may yet come. */
  async #fetch(path: string, attempt: number): Promise<Response | undefined> {
    try {
      return await this.surroundings.fetch(`${this.#base}${path}`, {
        headers: { authorization: `Bearer ${this.token}` },
      });
    } catch (error) {
      if (attempt < ATTEMPTS) return undefined;
      const { cause } = error as { cause?: { code?: string } };
      throw new Failure(
        `${this.#base} does not answer (${cause?.code ?? 'no reason given'}): is the homeserver running there?`,
      );
    }
  }
}
