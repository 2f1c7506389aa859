// A homeserver as far as a gateway on Kafka needs one: it says whose token it is. Invariant: it knows the tokens that the
// tests use on the embedded log (`dev|USER|DEVICE`) and refuses all others, so that the same users work on both.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Homeserver {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function startHomeserver(): Promise<Homeserver> {
  const server = createServer(({ url, headers }, response) => {
    const [, userId, deviceId] = /^Bearer dev\|(@[^|]+)\|([^|]+)$/.exec(headers.authorization ?? '') ?? [];
    const isKnown = url === '/_matrix/client/v3/account/whoami' && userId !== undefined;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        isKnown ? { user_id: userId, device_id: deviceId } : { errcode: 'M_UNKNOWN_TOKEN', error: 'No such token.' },
      ),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: () =>
      new Promise((closed, failed) => {
        server.close((error) => (error === undefined ? closed() : failed(error)));
        server.closeAllConnections();
      }),
  };
}
