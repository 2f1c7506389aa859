// What is compared: Synapse with its own presence, Synapse without presence behind Rollcall, and Rollcall alone. Invariant: the
// CPU of a side is that of all its processes together, and all of them are gone after `stop`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, Synapse } from '#libs/testing';
import { cpuSecondsOf, MeasuredProcess, peakRssOf } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { Stand } from '../processes/stand.js';
import { everybody, type Town } from './town.js';

export interface Side {
  readonly name: string;
  /** Where clients go. */
  readonly port: number;
  /** Behind it, where there is one. */
  readonly synapsePort?: number;
  /** Ours, where it takes part. */
  readonly stand?: Stand;
  readonly hasStream: boolean;
  cpuSeconds(): number;
  peakRssBytes(): number;
  stop(): Promise<void>;
}

export interface SideOptions {
  readonly folder: string;
  readonly town: Town;
  /** Stopped, with the town on it. */
  readonly original: Synapse;
}

/** Application services are told of events from now on only, as the guide has it. */
const FROM_NOW_ON =
  'UPDATE appservice_stream_position SET stream_ordering = (SELECT MAX(stream_ordering) FROM events);';

export async function synapseAlone({ folder, original }: SideOptions): Promise<Side> {
  const synapse = await copyOf(original, join(folder, 'with-presence'), 'its own presence');
  await synapse.start();
  return {
    name: 'Synapse',
    port: synapse.port,
    hasStream: false,
    cpuSeconds: () => cpuSecondsOf(synapse.pid),
    peakRssBytes: () => peakRssOf(synapse.pid),
    stop: () => synapse.stop(),
  };
}

/** As the guide says: registration, Synapse restarted, Rollcall before it, rooms imported. */
export async function synapseBehind({ folder, town, original }: SideOptions): Promise<Side> {
  const synapse = await copyOf(original, join(folder, 'without-presence'), 'no presence');
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const registration = join(folder, 'rollcall.yaml');
  const environment = { DATA_DIR: join(folder, 'behind', 'log'), LOG_LEVEL: 'warn' };
  const named = ['--server-name', 'localhost', '--url', url, registration];
  await rollcall(environment, 'bridge', 'registration', ...named);
  await synapse.sql(FROM_NOW_ON);
  await synapse.start([registration]);
  const stand = await Stand.start({
    users: 0,
    environment: {
      ...environment,
      HTTP_PORT: String(port),
      STATIC_TOKENS_FILE: '',
      HOMESERVER_URL: synapse.url,
      BRIDGE_REGISTRATION_FILE: registration,
    },
  });
  const asAdministrator = {
    ...environment,
    ADMIN_TOKEN: stand.administrator,
    HOMESERVER_ADMIN_TOKEN: town.administrator.token,
  };
  await rollcall(asAdministrator, 'import', 'homeserver', synapse.url, '--server', url);
  return {
    name: 'Synapse behind Rollcall',
    port,
    synapsePort: synapse.port,
    stand,
    hasStream: true,
    cpuSeconds: () => cpuSecondsOf(synapse.pid) + stand.process.usage().cpuSeconds,
    peakRssBytes: () => peakRssOf(synapse.pid) + stand.process.peakRssBytes(),
    stop: async () => {
      await stand.stop();
      await synapse.stop();
    },
  };
}

export async function rollcallAlone({ folder, town }: SideOptions): Promise<Side> {
  const tokens = join(folder, 'tokens.json');
  const entries = everybody(town).map(({ token, userId, deviceId }) => [
    token,
    { user_id: userId, device_id: deviceId },
  ]);
  writeFileSync(tokens, JSON.stringify(Object.fromEntries(entries)));
  const stand = await Stand.start({ users: 0, environment: { STATIC_TOKENS_FILE: tokens } });
  const lines = town.memberships.map(({ roomId, userId }) =>
    JSON.stringify({ room_id: roomId, user_id: userId, membership: 'join' }),
  );
  await stand.post('memberships', lines.join('\n'));
  return {
    name: 'Rollcall alone',
    port: stand.port,
    stand,
    hasStream: true,
    cpuSeconds: () => stand.process.usage().cpuSeconds,
    peakRssBytes: () => stand.process.peakRssBytes(),
    stop: () => stand.stop(),
  };
}

async function copyOf(
  original: Synapse,
  folder: string,
  presence: 'its own presence' | 'no presence',
): Promise<Synapse> {
  mkdirSync(folder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const copy = await Synapse.prepare(folder, port, presence);
  copy.copyFrom(original);
  return copy;
}

async function rollcall(environment: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<void> {
  const command = MeasuredProcess.start('rollcall', {
    command: process.execPath,
    arguments: [PROGRAMS.rollcall, ...words],
    environment,
  });
  const code = await command.ended();
  if (code !== 0) throw new Error(`rollcall ${words[0]} ${words[1]} ended with exit code ${code ?? 'none'}`);
}
