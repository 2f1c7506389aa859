// A homeserver that knows everybody and has a first /sync of a size that is asked for, to measure what passes through a gateway.
// Invariant: it holds one piece of the answer and waits for its reader, so its own memory says nothing of the size.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PIECE = `{"type":"m.room.message","content":{"body":"${'x'.repeat(64 * 1024 - 64)}"}},`;

export class BigHomeserver {
  /** Of a /sync without `since`. */
  firstSyncBytes = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', 'http://fake');
      response.setHeader('Content-Type', 'application/json');
      if (url.pathname.endsWith('/account/whoami'))
        response.end(JSON.stringify({ user_id: '@alice:localhost', device_id: 'PHONE' }));
      else if (url.pathname.endsWith('/sync'))
        writeSync(response, url.searchParams.has('since') ? 0 : this.firstSyncBytes);
      else response.end('{}');
    });
  }

  static async start(): Promise<BigHomeserver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BigHomeserver(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function writeSync(response: ServerResponse, bytes: number): void {
  let left = bytes;
  response.write('{"next_batch":"s1","rooms":{"join":{"!r:localhost":{"timeline":{"events":[');
  const send = (): void => {
    while (left > 0) {
      left -= PIECE.length;
      if (response.write(PIECE)) continue;
      response.once('drain', send);
      return;
    }
    response.end('{}]}}}}}');
  };
  send();
}
