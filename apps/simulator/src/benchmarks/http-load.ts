// A closed loop of HTTP requests over keep-alive connections: each connection has one request under way. Invariant: a
// response counts once it is read to its end; anything but 200 is counted apart. It parses no more of HTTP than the gateway
// answers with (Content-Length), because the load must cost less than what it loads.
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The bytes of the request number `index`. */
  readonly request: (index: number) => string;
}

export interface LoadOutcome {
  readonly answered: number;
  /** Responses by status, other than 200. */
  readonly refused: ReadonlyMap<number, number>;
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
}

const HEADERS_END = '\r\n\r\n';

export async function loadHttp(options: LoadOptions): Promise<LoadOutcome> {
  const startedMs = performance.now();
  const endMs = startedMs + options.seconds * 1000;
  const refused = new Map<number, number>();
  const latenciesMs: number[] = [];
  let index = 0;
  const drive = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
      let sentMs = 0;
      const send = (): void => {
        sentMs = performance.now();
        if (sentMs >= endMs) {
          socket.end();
          return resolve();
        }
        socket.write(options.request(index++));
      };
      socket.on('connect', send);
      socket.on('error', reject);
      onResponses(socket, (status) => {
        latenciesMs.push(performance.now() - sentMs);
        if (status !== 200) refused.set(status, (refused.get(status) ?? 0) + 1);
        send();
      });
    });
  await Promise.all(Array.from({ length: options.connections }, drive));
  return { answered: latenciesMs.length, refused, latenciesMs, seconds: (performance.now() - startedMs) / 1000 };
}

function onResponses(socket: Socket, onResponse: (status: number) => void): void {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    for (;;) {
      const headersEnd = text.indexOf(HEADERS_END);
      if (headersEnd < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, headersEnd))?.[1] ?? 0);
      const end = headersEnd + HEADERS_END.length + length;
      if (text.length < end) return;
      const status = Number(text.slice(9, 12));
      text = text.slice(end);
      onResponse(status);
    }
  });
}
