// A homeserver as small as the tests need: whoami, a /sync over one list of messages, filters, an echo. Invariant: its tokens are
// positions in that list, so a lost or repeated message shows; it records every request that reached it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePorts } from '#libs/testing';

export interface Reached {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The client's connection ended before the answer. */
  wasLeft: boolean;
}

export class FakeHomeserver {
  readonly reached: Reached[] = [];
  readonly filters = new Map<string, object>();
  readonly refusedTokens = new Set<string>();
  /** Sent in the middle of a /sync, for large ones. */
  padding: Iterable<string> = [];
  readonly #messages: string[] = [];
  readonly #wakers = new Set<() => void>();

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#take(request, response);
    });
  }

  static async start(port?: number): Promise<FakeHomeserver> {
    const server = createServer();
    const [free = 0] = port === undefined ? await freePorts(1) : [port];
    await new Promise<void>((resolve) => server.listen(free, '127.0.0.1', resolve));
    return new FakeHomeserver(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  say(text: string): void {
    this.#messages.push(text);
    for (const wake of [...this.#wakers]) wake();
  }

  syncs(): readonly Reached[] {
    return this.reached.filter(({ path }) => path.endsWith('/sync'));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    const { headers, method = '' } = request;
    const reached: Reached = { method, path: url.pathname, query: url.searchParams, headers, wasLeft: false };
    this.reached.push(reached);
    response.once('close', () => {
      reached.wasLeft = !response.writableFinished;
    });
    if (url.pathname.startsWith('/_matrix/media/')) {
      response.writeHead(200, { 'Content-Type': headers['content-type'] ?? 'none', 'X-Odd-Header': 'kept' });
      request.pipe(response);
    } else if (url.pathname === '/_matrix/client/versions') {
      answer(response, 200, { versions: ['v1.11'], unstable_features: { 'org.example.theirs': true } });
    } else this.#takeAuthenticated(request, response, url);
  }

  #takeAuthenticated(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const [, name, device] = /^TOKEN-(\w+)-(\w+)$/.exec(token) ?? [];
    if (name === undefined || this.refusedTokens.has(token)) {
      answer(response, 401, { errcode: 'M_UNKNOWN_TOKEN', error: 'Says the homeserver', soft_logout: true });
    } else if (url.pathname.endsWith('/account/whoami')) {
      answer(response, 200, { user_id: `@${name}:localhost`, device_id: device });
    } else if (url.pathname.includes('/filter/')) {
      answer(response, 200, this.filters.get(url.pathname.split('/').at(-1) ?? '') ?? {});
    } else if (url.pathname.includes('simplified_msc3575')) this.#slide(request, response, url.searchParams);
    else if (url.pathname.endsWith('/sync')) this.#sync(response, url.searchParams);
    else answer(response, 200, { seen: url.search });
  }

  #sync(response: ServerResponse, query: URLSearchParams): void {
    const since = query.get('since');
    if (since !== null && !/^s\d+~x$/.test(since)) {
      answer(response, 400, { errcode: 'M_UNKNOWN', error: 'Invalid stream token' });
      return;
    }
    const from = since === null ? 0 : Number(since.slice(1, -2));
    const finish = (): void => {
      this.#wakers.delete(finish);
      clearTimeout(timer);
      this.#writeSync(response, from);
    };
    const timer = setTimeout(finish, since === null ? 0 : Number(query.get('timeout') ?? 0));
    if (this.#messages.length > from) finish();
    else this.#wakers.add(finish);
    response.once('close', () => {
      this.#wakers.delete(finish);
      clearTimeout(timer);
    });
  }

  /** Sliding sync: waits as /sync does; what it was asked goes back with the answer. */
  #slide(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const from = Number(query.get('pos')?.slice(1) ?? 0);
    const chunks: Buffer[] = [];
    const finish = (): void => {
      this.#wakers.delete(finish);
      clearTimeout(timer);
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as object;
      const pos = `p${String(this.#messages.length)}`;
      answer(response, 200, { pos, asked, messages: this.#messages.slice(from), extensions: { e2ee: {} } });
    };
    let timer: NodeJS.Timeout | undefined;
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      if (query.get('pos') === null || this.#messages.length > from) finish();
      else {
        timer = setTimeout(finish, Number(query.get('timeout') ?? 0));
        this.#wakers.add(finish);
      }
    });
    response.once('close', () => {
      this.#wakers.delete(finish);
      clearTimeout(timer);
    });
  }

  #writeSync(response: ServerResponse, from: number): void {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const keys =
      '"device_one_time_keys_count":{"signed_curve25519":50},"device_unused_fallback_key_types":["signed_curve25519"]';
    response.write(`{"next_batch":"s${String(this.#messages.length)}~x",${keys},"presence":{"events":[{"theirs":1}]},`);
    const chunks = [...this.padding];
    const send = (): void => {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        if (response.write(chunk)) continue;
        response.once('drain', send);
        return;
      }
      response.end(`"messages":${JSON.stringify(this.#messages.slice(from))}}`);
    };
    send();
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'X-Theirs': 'yes' });
  response.end(JSON.stringify(body));
}
