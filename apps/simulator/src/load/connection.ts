// One keep-alive HTTP connection of a load: one request at a time, or a stream of server-sent events. It parses no more of
// HTTP than gateway and homeserver answer with, because the load must cost less than what it loads. Invariant: an answer is given once,
// with its body whole; a connection that ends in the middle is an error.
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const HEADERS_END = '\r\n\r\n';
const LINE_END = '\r\n';
const CHUNKED = /transfer-encoding: chunked/i;

interface Entity {
  /** A character a byte. */
  readonly bytes: string;
  /** Where the next answer begins. */
  readonly end: number;
}

export class Connection {
  readonly #socket: Socket;
  #text = '';
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;
  #onEvent: ((event: string) => void) | undefined;
  #closed = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    // A character a byte: lengths are bytes.
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.#text += text;
      if (this.#onEvent === undefined) this.#answer();
      else this.#events();
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  /** Calls back for each event of a stream, with its data; never resolves a status. */
  stream(request: string, onEvent: (event: string) => void): void {
    this.#onEvent = onEvent;
    this.#socket.write(request);
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #answer(): void {
    const headersEnd = this.#text.indexOf(HEADERS_END);
    if (headersEnd < 0) return;
    const headers = this.#text.slice(0, headersEnd);
    const start = headersEnd + HEADERS_END.length;
    const entity = CHUNKED.test(headers) ? chunkedEntity(this.#text, start) : lengthyEntity(this.#text, headers, start);
    if (entity === undefined) return;
    const status = Number(this.#text.slice(9, 12));
    this.#text = this.#text.slice(entity.end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, body: utf8(entity.bytes) });
  }

  #events(): void {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) return;
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const at = block.indexOf('data: ');
      if (at >= 0) this.#onEvent!(utf8(block.slice(at + 6)));
    }
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting?.reject(error);
  }
}

function lengthyEntity(text: string, headers: string, start: number): Entity | undefined {
  const end = start + Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0);
  return text.length < end ? undefined : { bytes: text.slice(start, end), end };
}

function chunkedEntity(text: string, start: number): Entity | undefined {
  const chunks: string[] = [];
  for (let at = start; ;) {
    const lineEnd = text.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const from = lineEnd + LINE_END.length;
    at = from + size + LINE_END.length;
    if (text.length < at) return undefined;
    if (size === 0) return { bytes: chunks.join(''), end: at };
    chunks.push(text.slice(from, from + size));
  }
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** One request as bytes on the wire. */
export function requestText(method: string, path: string, token: string, body = ''): string {
  const entity = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${entity}\r\n${body}`;
}
