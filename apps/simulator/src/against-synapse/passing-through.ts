// What a gateway in front of a homeserver adds to a /sync: time to a plain one, memory and time to a first one of a hundred
// megabytes. Invariant: direct and through the gateway take turns on the same machine at the same time.
import { get } from 'node:http';
import type { Figure } from '../benchmarks/benchmark.js';
import { percentile } from '../benchmarks/measure.js';
import { Connection } from '../load/connection.js';
import { Stand } from '../processes/stand.js';
import { BigHomeserver } from './big-homeserver.js';
import { Client } from './client.js';
import type { Registered } from '#libs/testing';

const WARM_UP = 50;
const LARGE_TURNS = 3;

/** `name` says what stands behind. */
export async function plainSyncs(
  { direct, through, name }: { readonly direct: number; readonly through: number; readonly name: string },
  person: Registered,
  turns: number,
): Promise<Figure[]> {
  const ways = await Promise.all(
    [direct, through].map(async (port) => {
      const client = new Client({ port }, person);
      await client.begin();
      return { client, connection: new Connection(port), tookMs: new Array<number>() };
    }),
  );
  for (let turn = 0; turn < WARM_UP + turns; turn += 1) {
    for (const { client, connection, tookMs } of ways) {
      const took = await client.lookMs(connection);
      if (turn >= WARM_UP) tookMs.push(took);
    }
  }
  for (const { connection } of ways) connection.close();
  const [straight = [], gateway = []] = ways.map(({ tookMs }) => tookMs);
  const added = (share: number): number => percentile(gateway, share) - percentile(straight, share);
  return [
    { name: `plain /sync of ${name}, direct, p50`, value: percentile(straight, 0.5), unit: 'ms' },
    { name: `plain /sync of ${name}, added, p50`, value: added(0.5), unit: 'ms' },
    { name: `plain /sync of ${name}, added, p90`, value: added(0.9), unit: 'ms' },
  ];
}

export async function largeSyncs(bytes: number, plainTurns: number): Promise<Figure[]> {
  const homeserver = await BigHomeserver.start();
  const stand = await Stand.start({
    users: 0,
    environment: { STATIC_TOKENS_FILE: '', HOMESERVER_URL: homeserver.url },
  });
  const alice = { userId: '@alice:localhost', deviceId: 'PHONE', token: 'token-of-alice' };
  try {
    const small = { direct: homeserver.port, through: stand.port, name: 'a homeserver that answers at once' };
    const figures = await plainSyncs(small, alice, plainTurns);
    homeserver.firstSyncBytes = bytes;
    const direct = await readMs(homeserver.port, alice.token);
    const before = stand.process.peakRssBytes();
    const cpuBefore = stand.process.usage().cpuSeconds;
    const peaks: number[] = [];
    const tookMs: number[] = [];
    for (let turn = 0; turn < LARGE_TURNS; turn += 1) {
      tookMs.push((await readMs(stand.port, alice.token)).tookMs);
      peaks.push(stand.process.peakRssBytes());
    }
    const cpuSeconds = stand.process.usage().cpuSeconds - cpuBefore;
    const mebibytes = (value: number): number => value / 2 ** 20;
    const size = mebibytes(direct.bytes);
    return [
      ...figures,
      { name: 'first /sync, size', value: size, unit: 'MiB' },
      { name: 'first /sync, direct', value: direct.tookMs / 1000, unit: 's' },
      { name: 'first /sync, through the gateway, p50', value: percentile(tookMs, 0.5) / 1000, unit: 's' },
      { name: 'gateway, CPU', value: (cpuSeconds / LARGE_TURNS / size) * 1000, unit: 'ms a MiB' },
      { name: 'gateway, peak memory before', value: mebibytes(before), unit: 'MiB' },
      { name: 'gateway, peak memory after the first', value: mebibytes(peaks[0]!), unit: 'MiB' },
      { name: `gateway, peak memory after ${LARGE_TURNS}`, value: mebibytes(peaks.at(-1)!), unit: 'MiB' },
    ];
  } finally {
    await stand.stop();
    await homeserver.stop();
  }
}

function readMs(port: number, token: string): Promise<{ readonly bytes: number; readonly tookMs: number }> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const path = '/_matrix/client/v3/sync?timeout=0&set_presence=offline';
    const request = get(
      { port, host: '127.0.0.1', path, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        let bytes = 0;
        response.on('data', (piece: Buffer) => (bytes += piece.length));
        response.once('error', reject);
        response.once('end', () => {
          if (response.statusCode === 200) resolve({ bytes, tookMs: performance.now() - startedMs });
          else reject(new Error(`GET /sync: ${response.statusCode ?? ''}`));
        });
      },
    );
    request.once('error', reject);
  });
}
