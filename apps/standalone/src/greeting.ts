// What `npm start` prints once it serves: where, on what data, and two lines to paste. Invariant: the lines work as they
// stand in a POSIX shell, so they change with the address, and with whether development tokens are accepted.

import { resolve } from 'node:path';
import type { Configuration, RunningProcess } from '#libs/runtime';

export function greeting({ url, surroundings: { configuration } }: RunningProcess): string[] {
  const at = reachable(String(url));
  return [
    `Rollcall serves on ${String(url)}`,
    `The log is ${whereDataLies(configuration)}`,
    `See it live: ${at}/${configuration.gateway.demo === true ? ' (a simulated town is awake)' : ''}`,
    '',
    ...(takesDevelopmentTokens(configuration) ? asUsers(at) : asAnybody(at, configuration)),
    '',
    'What to do next is in README.md. Ctrl-C stops.',
  ];
}

/** Alice shows herself online, and reads it back; both hold for as long as the grace of a PUT. */
function asUsers(at: string): string[] {
  const status = `${at}/_matrix/client/v3/presence/@alice:localhost/status`;
  const alice = `-H 'Authorization: Bearer dev|@alice:localhost|PHONE'`;
  return [
    'Try, in another terminal:',
    `  curl -X PUT ${alice} -H 'Content-Type: application/json' -d '{"presence":"online","status_msg":"hello"}' '${status}'`,
    `  curl ${alice} '${status}'`,
  ];
}

function asAnybody(at: string, { gateway }: Configuration): string[] {
  const hasUsers = gateway.staticTokensFile !== undefined || gateway.whoamiUrl !== undefined;
  const users = hasUsers
    ? 'users need a token of the configured methods'
    : 'no user can ask: set STATIC_TOKENS_FILE, WHOAMI_URL or HOMESERVER_URL; development tokens need HTTP_HOST=127.0.0.1 and no ADMIN_TOKEN';
  return [
    `Try, in another terminal (${users}):`,
    `  curl '${at}/_matrix/client/versions'`,
    `  curl '${at}/health/ready'`,
  ];
}

/** The gateway decides for every request anew; this only chooses what to print. */
function takesDevelopmentTokens({ kafka, gateway, http }: Configuration): boolean {
  const { adminToken, staticTokensFile, whoamiUrl, introspection, jwt } = gateway;
  const others = [adminToken, staticTokensFile, whoamiUrl, introspection, jwt].some((method) => method !== undefined);
  return kafka === undefined && !others && /^(localhost|::1|127(\.\d{1,3}){3})$/.test(http.host);
}

/** An address that listens on every interface is no address to connect to. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function whereDataLies({ kafka, dataDirectory, topics }: Configuration): string {
  if (kafka === undefined) return `in ${resolve(dataDirectory)}`;
  return `on Kafka at ${kafka.brokers.join(', ')}, in topics that begin with ${topics.prefix}`;
}
