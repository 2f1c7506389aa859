// A load's connection reads what gateway and homeserver answer with: bodies with a length and bodies in chunks, cut anywhere.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Connection, requestText } from './connection.js';

let server: Server;
let answers: string[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.setNoDelay(true);
    socket.on('data', () => {
      send(socket, answers.shift() ?? '').catch((error: unknown) => socket.destroy(error as Error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** In pieces of three bytes, each by itself. */
async function send(socket: Socket, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 3) {
    socket.write(bytes.subarray(at, at + 3));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const REQUEST = requestText('GET', '/', 'token');

it('reads one after the other on one connection', async () => {
  answers = [
    `${HEAD}Content-Length: 7\r\n\r\n"grün"`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\n"gr\r\n4\r\nün"\r\n0\r\n\r\n`,
    'HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n',
  ];
  const connection = new Connection((server.address() as AddressInfo).port);
  expect(await connection.ask(REQUEST)).toEqual({ status: 200, body: '"grün"' });
  expect(await connection.ask(REQUEST)).toEqual({ status: 200, body: '"grün"' });
  expect(await connection.ask(REQUEST)).toEqual({ status: 429, body: '' });
  connection.close();
});
