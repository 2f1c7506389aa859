// One local broker for every test process of a checkout: started by the first that needs it, ended by its keeper some
// seconds after the last of them has ended. Invariant: starting and ending happen under one lock, so nobody is handed a
// broker that is about to go. Users keep apart by topic prefix.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaClassPath } from './jars.js';
import { newClusterId, portsOf } from './local-cluster.js';
import { hasStarted, nodeCommand, type NodeRun, prepareNode } from './local-node.js';
import { withLock } from './pid-lock.js';

const HEAP_MB = 512;
const START_LIMIT_MS = 120_000;

/** $1 folder, $2 lock, the rest: the broker's command. Ends the broker when for five looks in a row no lease is alive. */
const KEEPER = `folder=$1; lock=$2; shift 2
"$@" > "$folder/broker.log" 2>&1 & broker=$!
trap 'kill -9 $broker; exit 0' TERM INT
alive() { for lease in "$folder"/leases/*; do kill -0 "\${lease##*/}" 2>/dev/null && return 0; rm -f "$lease"; done; return 1; }
idle=0
while kill -0 $broker 2>/dev/null; do
  sleep 2
  if alive; then idle=0; continue; fi
  idle=$((idle + 1))
  if [ $idle -ge 5 ] && mkdir "$lock" 2>/dev/null; then
    echo $$ > "$lock/pid"
    alive || { kill -9 $broker; rm -rf "$folder"; rm -rf "$lock"; exit 0; }
    rm -rf "$lock"
  fi
done`;

const answers = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });

async function startBroker(folder: string, lock: string): Promise<number> {
  rmSync(folder, { recursive: true, force: true });
  const classPath = await kafkaClassPath();
  if (typeof classPath !== 'string') throw new Error(classPath.reason);
  const [ports] = await portsOf(1);
  if (ports === undefined) throw new Error('no free ports');
  const run: NodeRun = { classPath, clusterId: newClusterId(), heapMb: HEAP_MB, speed: 'quick' };
  const voters = [{ id: 1, controllerPort: ports.controller }];
  const file = await prepareNode(
    { id: 1, folder: join(folder, 'node'), ports, voters, groupSettings: 'test', extra: {} },
    run,
  );
  mkdirSync(join(folder, 'leases'), { recursive: true });
  writeFileSync(join(folder, 'leases', String(process.pid)), '');
  const output = openSync(join(folder, 'keeper.log'), 'w');
  const keeper = spawn('sh', ['-c', KEEPER, 'keeper', folder, lock, ...nodeCommand(run, file)], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  keeper.unref();
  const log = join(folder, 'broker.log');
  const until = Date.now() + START_LIMIT_MS;
  while (!(existsSync(log) && hasStarted(log))) {
    if (Date.now() > until || keeper.exitCode !== null)
      throw new Error(`the shared Kafka broker did not start: see ${log}`);
    await sleep(50);
  }
  writeFileSync(join(folder, 'port'), String(ports.plain));
  return ports.plain;
}

/** The address of the shared broker. It stays for as long as this process lives. */
export async function sharedBroker(): Promise<string> {
  const checkout = createHash('sha256').update(process.cwd()).digest('hex').slice(0, 8);
  const folder = join(tmpdir(), `rollcall-kafka-${userInfo().username}-${checkout}`);
  const lock = `${folder}.lock`;
  return withLock(lock, async () => {
    const file = join(folder, 'port');
    const known = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
    if (known !== undefined && (await answers(known))) {
      writeFileSync(join(folder, 'leases', String(process.pid)), '');
      return `127.0.0.1:${known}`;
    }
    return `127.0.0.1:${await startBroker(folder, lock)}`;
  });
}
