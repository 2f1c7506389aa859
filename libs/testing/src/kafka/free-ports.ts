// Free ports of this machine, all held at once so that they differ, then let go for the broker to take. Invariant: a server that is
// killed finds its port again when it is started: ports are below those that the system gives to whoever asks for any, processes
// beside each other (almost always) have shares of their own, and no process gives one twice.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Above 10080, which `fetch` refuses. */
const LOWEST = 12_000;
/** Processes that run beside each other have ids that are not far apart. */
const SHARES = 50;
/** A share of fewer is none: then any that the system gives. */
const ENOUGH = 100;

const given = new Set<number>();

const listening = (port = 0): Promise<Server> =>
  new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });

const closed = (server: Server): Promise<unknown> => new Promise((done) => server.close(done));

/** The lowest that the system gives to whoever asks for any; IANA's where it does not say. */
function lowestGiven(): number {
  try {
    return Number(/^\d+/.exec(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))?.[0] ?? 0);
  } catch {
    return 49_152;
  }
}

async function anyListening(): Promise<Server> {
  const share = Math.floor((lowestGiven() - LOWEST) / SHARES);
  if (share < ENOUGH) return listening();
  for (let tries = 0; tries < share; tries += 1) {
    const port = LOWEST + (process.pid % SHARES) * share + randomInt(share);
    if (given.has(port)) continue;
    given.add(port);
    try {
      return await listening(port);
    } catch {
      // Somebody else's.
    }
  }
  return listening();
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, anyListening));
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
