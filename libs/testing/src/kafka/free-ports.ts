// Free ports of this machine, all held at once so that they differ, then let go for the broker to take.
import { type AddressInfo, createServer, type Server } from 'node:net';

const listening = (port = 0): Promise<Server> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });

const closed = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(closed));
  return ports;
}

/** The port that is wished for, or any other when somebody has it. */
export async function freePort(wished: number): Promise<number> {
  try {
    await closed(await listening(wished));
    return wished;
  } catch {
    const [other = 0] = await freePorts(1);
    return other;
  }
}
