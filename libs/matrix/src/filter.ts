// Filters of /sync (client-server API, "Filtering"). Invariant: a filter that was taken is of the right shape in all
// its sections, also in those that we do not serve, as SyTest's invalid filters demand; unknown keys are ignored.
import type { Parsed } from './errors.js';
import { refused } from './errors.js';
import { isRoomId, isUserId } from './ids.js';
import type { JsonObject } from './json.js';
import { isJsonObject, isStringList, parseJsonObject } from './json.js';

/** The part of a filter that applies to presence; absent lists restrict nothing. */
export interface PresenceFilter {
  readonly senders?: readonly string[];
  readonly notSenders?: readonly string[];
  readonly types?: readonly string[];
  readonly notTypes?: readonly string[];
  /** At most so many events in a response. */
  readonly limit?: number;
}

export interface SyncFilter {
  readonly presence: PresenceFilter;
  /** As it was given: what GET …/filter/{filterId} returns. */
  readonly source: JsonObject;
}

export const NO_FILTER: SyncFilter = { presence: {}, source: {} };

const EVENT_SECTIONS = ['presence', 'account_data'] as const;
// `private_user_data` is the old name of a room's account data; SyTest still sends it.
const ROOM_SECTIONS = ['timeline', 'state', 'ephemeral', 'account_data', 'private_user_data'] as const;

/** POST …/filter, and the inline form of /sync's `filter` parameter. */
export function parseFilter(text: string): Parsed<SyncFilter> {
  const body = parseJsonObject(text, 'The filter');
  if (!body.ok) return body;
  const fault = filterFault(body.value);
  if (fault !== undefined) return refused('M_BAD_JSON', fault);
  return { ok: true, value: { presence: presenceFilterOf(body.value['presence']), source: body.value } };
}

/** A sentence naming the first thing that is wrong. */
function filterFault(filter: JsonObject): string | undefined {
  for (const name of EVENT_SECTIONS) {
    const fault = sectionFault(filter, name, name);
    if (fault !== undefined) return fault;
  }
  if (filter['event_fields'] !== undefined && !isStringList(filter['event_fields']))
    return '"event_fields" must be a list of strings';
  const format = filter['event_format'];
  if (format !== undefined && format !== 'client' && format !== 'federation')
    return '"event_format" must be client or federation';
  return roomFault(filter['room']);
}

function roomFault(room: unknown): string | undefined {
  if (room === undefined) return undefined;
  if (!isJsonObject(room)) return '"room" must be an object';
  for (const name of ROOM_SECTIONS) {
    const fault = sectionFault(room, name, `room.${name}`);
    if (fault !== undefined) return fault;
  }
  return listFault(room, 'rooms', 'room') ?? listFault(room, 'not_rooms', 'room');
}

function sectionFault(parent: JsonObject, name: string, path: string): string | undefined {
  const section = parent[name];
  if (section === undefined) return undefined;
  if (!isJsonObject(section)) return `"${path}" must be an object`;
  for (const list of ['types', 'not_types', 'senders', 'not_senders', 'rooms', 'not_rooms']) {
    const fault = listFault(section, list, path);
    if (fault !== undefined) return fault;
  }
  const limit = section['limit'];
  // The specification says greater than 0; clients that want nothing send 0, and that is what they get.
  if (limit !== undefined && (!Number.isSafeInteger(limit) || (limit as number) < 0))
    return `"${path}.limit" must be a whole number, not negative`;
  return undefined;
}

function listFault(section: JsonObject, name: string, path: string): string | undefined {
  const list = section[name];
  if (list === undefined) return undefined;
  if (!isStringList(list)) return `"${path}.${name}" must be a list of strings`;
  if (name.endsWith('senders') && !list.every(isUserId)) return `"${path}.${name}" must be a list of Matrix user ids`;
  if (name.endsWith('rooms') && !list.every(isRoomId)) return `"${path}.${name}" must be a list of Matrix room ids`;
  return undefined;
}

/** The section has been checked. */
function presenceFilterOf(section: unknown): PresenceFilter {
  if (!isJsonObject(section)) return {};
  const { senders, not_senders: notSenders, types, not_types: notTypes, limit } = section;
  return {
    ...(isStringList(senders) ? { senders } : {}),
    ...(isStringList(notSenders) ? { notSenders } : {}),
    ...(isStringList(types) ? { types } : {}),
    ...(isStringList(notTypes) ? { notTypes } : {}),
    ...(typeof limit === 'number' ? { limit } : {}),
  };
}
