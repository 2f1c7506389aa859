// What the Matrix specification demands of presence on the wire (client-server API: "Presence", GET
// …/presence/{userId}/status, the `m.presence` event, standard errors), as JSON Schemas in our own words and, where the
// specification is loose, no looser than semantics.md section 10. The shown name of busy is added to the enum (MSC3026).
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type BusyName, shownPresence } from '#libs/matrix';

const ajv = new Ajv2020({ allErrors: true });

function contentSchema(busyName: BusyName): object {
  const online = ['online', shownPresence('busy', busyName)];
  return {
    type: 'object',
    required: ['presence'],
    properties: {
      presence: { type: 'string', enum: [...online, 'offline', 'unavailable'] },
      last_active_ago: { type: 'integer', minimum: 0 },
      currently_active: { type: 'boolean' },
      status_msg: { type: 'string', minLength: 1 },
      displayname: { type: 'string' },
      avatar_url: { type: 'string', pattern: '^mxc://' },
    },
    // "currently_active only for online and busy" (semantics.md section 10).
    if: { required: ['currently_active'] },
    then: { properties: { presence: { enum: online } } },
  };
}

function eventSchema(busyName: BusyName): object {
  return {
    type: 'object',
    required: ['type', 'sender', 'content'],
    properties: {
      type: { const: 'm.presence' },
      sender: { type: 'string', pattern: '^@[^:]*:.+$', maxLength: 255 },
      content: contentSchema(busyName),
    },
  };
}

const ERROR_SCHEMA = {
  type: 'object',
  required: ['errcode', 'error'],
  properties: {
    errcode: { type: 'string', pattern: '^[A-Z][A-Z0-9_.]*$' },
    error: { type: 'string', minLength: 1 },
    retry_after_ms: { type: 'integer', minimum: 0 },
  },
};

interface Checks {
  readonly content: ValidateFunction;
  readonly event: ValidateFunction;
}

const checksOf = (busyName: BusyName): Checks => ({
  content: ajv.compile(contentSchema(busyName)),
  event: ajv.compile(eventSchema(busyName)),
});
const CHECKS: Readonly<Record<BusyName, Checks>> = { unstable: checksOf('unstable'), stable: checksOf('stable') };
const checkError = ajv.compile(ERROR_SCHEMA);

/** What is wrong with the body of GET …/status, a sentence each; none = it is as the specification says. */
export function presenceStatusFaults(body: unknown, busyName: BusyName = 'unstable'): string[] {
  return faultsOf(CHECKS[busyName].content, body);
}

/** What is wrong with an `m.presence` event of /sync, of the stream or of a recipient's topic (there busy is `stable`). */
export function presenceEventFaults(event: unknown, busyName: BusyName = 'unstable'): string[] {
  return faultsOf(CHECKS[busyName].event, event);
}

/** What is wrong with the body of an answer that refuses. */
export function matrixErrorFaults(body: unknown): string[] {
  return faultsOf(checkError, body);
}

/** What is wrong with the presence part of a /sync response: a list of events, each of them whole. */
export function syncPresenceFaults(presence: unknown, busyName: BusyName = 'unstable'): string[] {
  const events =
    typeof presence === 'object' && presence !== null && 'events' in presence ? presence.events : undefined;
  if (!Array.isArray(events)) return ['presence.events must be a list'];
  return events.flatMap((event: unknown, index) =>
    presenceEventFaults(event, busyName).map((fault) => `events[${index}]${fault}`),
  );
}

function faultsOf(check: ValidateFunction, value: unknown): string[] {
  if (check(value)) return [];
  return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? 'is wrong'}`);
}
