// The registration file of an application service (application service API, "Registration"): written for the homeserver, read
// back by the bridge, so that both hold the same secrets. Invariant: what cannot be used is refused with a sentence, and no
// sentence holds a token.
import { parse, stringify } from 'yaml';

export interface Registration {
  readonly id: string;
  /** Where the homeserver finds the bridge. */
  readonly url: string;
  /** What the bridge would say to the homeserver. */
  readonly asToken: string;
  /** What the homeserver says to the bridge. */
  readonly hsToken: string;
  readonly senderLocalpart: string;
  /** Whose users are local; the homeserver passes this key by. */
  readonly serverName: string;
}

export class RegistrationError extends Error {
  override readonly name = 'RegistrationError';
}

const SERVER_NAME_KEY = 'rollcall.server_name';
const EVERYTHING = [{ exclusive: false, regex: '.*' }];

export function registrationText({ id, url, asToken, hsToken, senderLocalpart, serverName }: Registration): string {
  const explained = [
    '# Rollcall as an application service. Give this file to the homeserver (Synapse: app_service_config_files) and to the',
    '# bridge (BRIDGE_REGISTRATION_FILE). It holds secrets: readable by those two only.',
  ];
  const registration = {
    id,
    url,
    as_token: asToken,
    hs_token: hsToken,
    sender_localpart: senderLocalpart,
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    namespaces: { users: EVERYTHING, rooms: EVERYTHING, aliases: [] },
    [SERVER_NAME_KEY]: serverName,
  };
  return `${explained.join('\n')}\n${stringify(registration, { aliasDuplicateObjects: false })}`;
}

/** @throws RegistrationError */
export function readRegistration(text: string): Registration {
  const file = mappingIn(text);
  const field = (name: string): string => {
    const value = file[name];
    if (typeof value !== 'string' || value === '')
      throw new RegistrationError(
        `the registration file has no ${name}; write one: npm run -s rollcall -- bridge registration`,
      );
    return value;
  };
  return {
    id: field('id'),
    url: field('url'),
    asToken: field('as_token'),
    hsToken: field('hs_token'),
    senderLocalpart: field('sender_localpart'),
    serverName: field(SERVER_NAME_KEY),
  };
}

/** Another application service's file: its users, as patterns that match a whole user id. */
export function ghostPatternsIn(text: string, serverName: string): readonly RegExp[] {
  const file = mappingIn(text);
  const { namespaces, sender_localpart: sender } = file;
  const users = isMapping(namespaces) && Array.isArray(namespaces['users']) ? (namespaces['users'] as unknown[]) : [];
  const patterns = users
    .filter((entry): entry is { regex: string; exclusive: true } => isMapping(entry) && entry['exclusive'] === true)
    .map(({ regex }) => patternOf(regex));
  if (typeof sender === 'string') patterns.push(new RegExp(`^${escaped(`@${sender}:${serverName}`)}$`));
  return patterns;
}

/** Homeservers match a namespace from the beginning of the id on. */
function patternOf(regex: unknown): RegExp {
  try {
    return new RegExp(`^(?:${String(regex)})`);
  } catch {
    throw new RegistrationError(`the namespace ${JSON.stringify(regex)} is no regular expression`);
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function mappingIn(text: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    throw new RegistrationError('the registration file is not YAML');
  }
  if (!isMapping(parsed)) throw new RegistrationError('the registration file is no YAML mapping');
  return parsed;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
