// `rollcall topics copy` as an operator runs it, in processes of its own on a real broker: from eight partitions to sixteen, and
// from an embedded directory; killed in the middle and run again; and the services go on where the old ones stopped.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone } from '#apps/standalone';
import {
  SNAPSHOT_KEY,
  copiedFrom,
  decodeChange,
  membershipKey,
  encodeMembership,
  topicNames,
  topicSpecs,
} from '#libs/contracts';
import type { EventLog, NewRecord } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { KafkaEventLog } from '#libs/event-log-kafka';
import type { RunningProcess } from '#libs/runtime';
import { describeKafka, runProgram, type ProgramProcess, until } from '#libs/testing';

const TIMEOUT_MS = 300_000;
const PATIENCE_MS = 60_000;
const KILLED = process.env['SOAK'] === undefined ? 2 : 8;
const HISTORY = 12_000;
/** Long enough that it is not over before the copy is; it ends while nobody runs, or later. */
const GRACE_MS = 4_000;
const [ALICE, BOB] = ['@alice:hs', '@bob:hs'];

const folder = mkdtempSync(join(tmpdir(), 'rollcall-copy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tokens = join(folder, 'tokens.json');
writeFileSync(
  tokens,
  JSON.stringify(Object.fromEntries([ALICE, BOB].map((user_id) => [`token-${user_id}`, { user_id, device_id: 'D' }]))),
);

/** The whole engine in this process. */
const serve = (environment: Readonly<Record<string, string>>): Promise<RunningProcess> =>
  startStandalone({
    environment: { OFFLINE_AFTER_MS: String(GRACE_MS), STATIC_TOKENS_FILE: tokens, ADMIN_TOKEN: 'a', ...environment },
  });

interface Asked {
  readonly method: 'GET' | 'PUT';
  /** Behind the client API's own. */
  readonly path: string;
  readonly user: string;
  readonly body?: object;
}

async function ask({ url }: RunningProcess, { method, path, user, body }: Asked): Promise<unknown> {
  const response = await fetch(`${url}/_matrix/client/v3/${path}`, {
    method,
    headers: { authorization: `Bearer token-${user}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

const statusPath = (user: string): string => `presence/${encodeURIComponent(user)}/status`;

interface Synced {
  readonly next_batch: string;
  readonly presence: { readonly events: readonly { readonly sender: string; readonly content: object }[] };
}

/** Every user's history in order, without what belongs to one log. */
async function historiesOf(log: EventLog, prefix: string): Promise<Map<string, object[]>> {
  const histories = new Map<string, object[]>();
  const topic = topicNames(prefix).changes;
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { key, value } of records) {
        const decoded = decodeChange(String(value), String(key));
        if (!decoded.ok) throw new Error(decoded.reason);
        const { applied: _, cause: __, ...change } = decoded.record;
        histories.set(String(key), [...(histories.get(String(key)) ?? []), change]);
      }
    }
  }
  return histories;
}

/** Two who share a room; Alice put herself online a moment ago. Resolves once it is known to everybody. */
async function lively(engine: RunningProcess, prefix: string): Promise<void> {
  const rooms: NewRecord[] = [ALICE, BOB].map((userId) => ({
    key: membershipKey('!r:hs', userId),
    value: encodeMembership({ roomId: '!r:hs', userId, membership: 'join' }),
  }));
  await engine.log.append(topicNames(prefix).memberships, rooms);
  await ask(engine, {
    method: 'PUT',
    path: statusPath(ALICE),
    user: ALICE,
    body: { presence: 'online', status_msg: 'moving' },
  });
  await until(
    () => ask(engine, { method: 'GET', path: statusPath(ALICE), user: BOB }),
    (body) => (body as { status_msg?: string }).status_msg === 'moving',
    PATIENCE_MS,
  );
}

/** A long history of somebody, so that a copy takes its time: as an engine would have written it. */
async function fillHistory(log: EventLog, prefix: string): Promise<void> {
  const records = Array.from({ length: HISTORY }, (_, index): NewRecord => {
    const user_id = `@crowd${index % 500}:hs`;
    const view = { presence: index % 2 === 0 ? 'online' : 'unavailable', currently_active: false };
    const change = {
      type: 'presence.changed',
      v: 1,
      user_id,
      version: Math.floor(index / 500) + 1,
      at_ts: 1_700_000_000_000 + index,
    };
    const rest = {
      ...view,
      before: { presence: 'offline', currently_active: false },
      cause: { timer: 'idle' },
      applied: {},
    };
    return { key: user_id, value: JSON.stringify({ ...change, ...rest }), timestampMs: 1_700_000_000_000 + index };
  });
  for (let from = 0; from < HISTORY; from += 2_000)
    await log.append(topicNames(prefix).changes, records.slice(from, from + 2_000));
}

/** What Alice did before the move, what fell due meanwhile at its own time, and what both do afterwards. */
async function goesOn(engine: RunningProcess, prefix: string, before: Map<string, object[]>): Promise<void> {
  const history = async (): Promise<object[]> => (await historiesOf(engine.log, prefix)).get(ALICE) ?? [];
  const told = before.get(ALICE)!;
  const online = told.find((change) => (change as { view: { presence: string } }).view.presence === 'online') as {
    atMs: number;
  };
  const offline = await until(
    async () =>
      (await history()).find((change) => (change as { view: { presence: string } }).view.presence === 'offline'),
    (change) => change !== undefined,
    PATIENCE_MS,
  );
  expect((await history()).slice(0, told.length)).toEqual(told);
  expect(offline).toMatchObject({ atMs: online.atMs + GRACE_MS, view: { statusMsg: 'moving' } });
  const first = (await ask(engine, {
    method: 'GET',
    path: 'sync?timeout=0&set_presence=offline',
    user: BOB,
  })) as Synced;
  expect(first.presence.events).toContainEqual(
    expect.objectContaining({
      sender: ALICE,
      content: { presence: 'offline', status_msg: 'moving', last_active_ago: expect.any(Number) as number },
    }),
  );
  await ask(engine, {
    method: 'PUT',
    path: statusPath(ALICE),
    user: ALICE,
    body: { presence: 'online', status_msg: 'moved' },
  });
  let since = first.next_batch;
  await until(
    async () => {
      const { next_batch, presence } = (await ask(engine, {
        method: 'GET',
        path: `sync?timeout=1000&set_presence=offline&since=${since}`,
        user: BOB,
      })) as Synced;
      since = next_batch;
      return presence.events.some(
        ({ sender, content }) => sender === ALICE && (content as { status_msg?: string }).status_msg === 'moved',
      );
    },
    (isTold) => isTold,
    PATIENCE_MS,
  );
  const versions = (await history()).map((change) => (change as { version: number }).version);
  expect(versions).toEqual(versions.map((_, index) => index + 1));
}

describeKafka('rollcall topics copy', (kafka) => {
  const brokers = (): string => kafka().brokers.join(',');
  const connect = (): Promise<KafkaEventLog> =>
    KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'rollcall-test' });

  const startRollcall = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): ProgramProcess =>
    runProgram('apps/history/src/main.ts', args, {
      env: {
        ...process.env,
        KAFKA_BROKERS: brokers(),
        TOPIC_PREFIX: kafka().prefix,
        OFFLINE_AFTER_MS: String(GRACE_MS),
        ...environment,
      },
    });

  const start = (args: readonly string[], environment?: Readonly<Record<string, string>>): ProgramProcess =>
    startRollcall(['topics', 'copy', ...args], environment);
  const copy = (args: readonly string[], environment?: Readonly<Record<string, string>>): ReturnType<typeof rollcall> =>
    rollcall(['topics', 'copy', ...args], environment);

  async function snapshotReasons(prefix: string): Promise<readonly string[]> {
    const log = await connect();
    const topic = topicNames(prefix).snapshots;
    const reasons: string[] = [];
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for await (const { records } of log.read(topic, partition, 0, end)) {
        for (const { key, value } of records)
          if (String(key) === SNAPSHOT_KEY)
            reasons.push((JSON.parse(String(value)) as { reason?: string }).reason ?? 'end');
      }
    }
    await log.close();
    return reasons;
  }

  async function rollcall(
    args: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const started = startRollcall(args, environment);
    const { code } = await started.ended;
    return { code, stdout: started.output(), stderr: started.errors() };
  }

  /** Kills copies of it once they have begun to write, the later the more often it was done. */
  async function killSome(args: readonly string[], log: EventLog, prefix: string): Promise<void> {
    const changes = topicNames(prefix).changes;
    const written = async (): Promise<number> => {
      if ((await log.describeTopic(changes)) === undefined) return 0;
      return (await log.ends(changes)).reduce((sum, end) => sum + end, 0);
    };
    for (let kill = 1; kill <= KILLED; kill += 1) {
      const victim = start(args);
      const enough = ((kill - 0.5) / KILLED) * HISTORY * 0.5;
      let hasEnded = false;
      const ended = victim.ended.finally(() => (hasEnded = true));
      await until(written, (count) => count >= enough || hasEnded, PATIENCE_MS);
      victim.child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
    }
  }

  it(
    'from eight partitions to sixteen: killed, run again, equal, and everything goes on',
    async () => {
      const { prefix } = kafka();
      const wide = `${prefix}wide.`;
      const environment = { KAFKA_BROKERS: brokers(), TOPIC_PREFIX: prefix, PARTITIONS: '8', DELIVERY_PARTITIONS: '2' };
      const args = ['--from', prefix, '--to', wide, '--partitions', '16', '--json'];
      const log = await connect();
      await log.createTopics(topicSpecs({ prefix, partitions: 8, deliveryPartitions: 2 }));
      await fillHistory(log, prefix);
      const engine = await serve(environment);
      await lively(engine, prefix);
      expect(await copy(args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('stop every service') as string,
      });
      await engine.stop();
      await killSome(args, log, wide);
      await expect(serve({ ...environment, TOPIC_PREFIX: wide, PARTITIONS: '16' })).rejects.toThrow(
        'a copy that is not finished',
      );
      const done = await copy(args);
      expect(done.stderr).toContain('Going on with the copy');
      expect(done.code).toBe(0);
      expect(JSON.parse(done.stdout)).toMatchObject({
        outcome: 'copied',
        partitions: 16,
        compared: { states: { count: 1 } },
      });
      const before = await historiesOf(log, prefix);
      expect(await historiesOf(log, wide)).toEqual(before);
      expect(JSON.parse((await copy(args)).stdout)).toMatchObject({ outcome: 'already copied' });
      const grown = await serve({ ...environment, TOPIC_PREFIX: wide, PARTITIONS: '16' });
      await goesOn(grown, wide, before);
      await grown.stop();
      await log.close();
    },
    TIMEOUT_MS,
  );

  it(
    'from an embedded directory to Kafka, and back',
    async () => {
      const [directory, back] = [join(folder, 'data'), join(folder, 'back')];
      const prefix = `${kafka().prefix}moved.`;
      const embedded = await serve({ DATA_DIR: directory, PARTITIONS: '4' });
      await lively(embedded, 'presence.');
      const held = await copy(['--from', directory, '--to', prefix], { TOPIC_PREFIX: 'presence.' });
      expect(held).toMatchObject({ code: 1, stderr: expect.stringContaining('Stop that server first') as string });
      await embedded.stop();
      const ran = await copy(['--from', directory, '--to', prefix], { TOPIC_PREFIX: 'presence.' });
      expect(ran).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`TOPIC_PREFIX=${prefix} PARTITIONS=4 DELIVERY_PARTITIONS=4`) as string,
      });
      const old = await EmbeddedEventLog.open({ directory, readOnly: true });
      const before = await historiesOf(old, 'presence.');
      await old.close();
      const engine = await serve({
        KAFKA_BROKERS: brokers(),
        TOPIC_PREFIX: prefix,
        PARTITIONS: '4',
        DELIVERY_PARTITIONS: '4',
      });
      await goesOn(engine, prefix, before);
      const copied = await historiesOf(engine.log, prefix);
      await engine.stop();
      // From the snapshot on that the aggregator wrote because it found itself moved; in threads, each with its own connection.
      const proof = await rollcall(['verify', '--workers', '2', '--json'], { TOPIC_PREFIX: prefix });
      expect([proof.code, proof.stderr]).toEqual([0, '']);
      expect(JSON.parse(proof.stdout)).toMatchObject({ clean: true });
      expect((JSON.parse(proof.stdout) as { changes: number }).changes).toBeGreaterThan(0);
      const moved = await snapshotReasons(prefix);
      expect(moved).toContain('moved');
      const returned = await copy(['--from', prefix, '--to', `${back}/`], { TOPIC_PREFIX: 'presence.' });
      expect(returned.code).toBe(0);
      const log = await EmbeddedEventLog.open({ directory: back, readOnly: true });
      expect((await historiesOf(log, 'presence.')).get(ALICE)!.slice(0, copied.get(ALICE)!.length)).toEqual(
        copied.get(ALICE),
      );
      for await (const { records } of log.read('presence.changes', log.partitionOf(ALICE, 4), 0, 1))
        expect(copiedFrom(records[0]!.headers)).toBeDefined();
      await log.close();
      expect(await copy(['--from', join(folder, 'nowhere'), '--to', prefix])).toMatchObject({ code: 1, stdout: '' });
      expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    },
    TIMEOUT_MS,
  );
});
