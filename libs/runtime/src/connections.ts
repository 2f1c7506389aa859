// Which connections of an HTTP server have a request in flight. Invariant: one that never sent a request counts as unused: Node
// does not call it idle, and once the server is closing it would be waited for for ever (browsers and connection pools open
// such ones ahead of need).
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
  /** Requests in flight by connection. */
  readonly #inFlight = new Map<Socket, number>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#inFlight.set(socket, 0);
      socket.once('close', () => this.#inFlight.delete(socket));
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#add(socket, 1);
      response.once('close', () => {
        this.#add(socket, -1);
      });
    });
  }

  closeUnused(): void {
    for (const [socket, count] of this.#inFlight) if (count === 0) socket.destroy();
  }

  #add(socket: Socket, by: 1 | -1): void {
    const count = this.#inFlight.get(socket);
    if (count !== undefined) this.#inFlight.set(socket, count + by);
  }
}
