// `rollcall forget --server`: beside a running server, and what is left of the user then: a tombstone for every recipient, no state, no
// answer, and a history that is still proven (issue 6). And an embedded log whose first days retention has taken.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone } from '#apps/standalone';
import { recipientTopic, recipientTopicSpec, topicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { until } from '#libs/testing';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld, TOPICS, recordsOf } from './replay-world.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-forgetting-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PATIENCE_MS = 60_000;
const [ALICE, BOB] = ['@alice:hs', '@bob:hs'];

const beside = (directory: string): Bench =>
  new Bench({ openLog: () => EmbeddedEventLog.open({ directory, readOnly: true }), nowMs: () => Date.now() });

/** What a recipient's topic says of a sender: null = it is told that there is nothing any more; undefined = nothing was told. */
async function toldOf(log: EventLog, topic: string, sender: string): Promise<string | null | undefined> {
  let told: string | null | undefined;
  for (const [partition] of (await log.ends(topic)).entries()) {
    for (const { key, value } of await recordsOf(log, topic, partition))
      if (String(key) === sender) told = value === null ? null : String(value);
  }
  return told;
}

it('rollcall forget through a server leaves a tombstone in recipient topics, and nothing to see', async () => {
  const directory = join(folder, 'served');
  const server = await startStandalone({ environment: { DATA_DIR: directory, LOG_LEVEL: 'silent' } });
  const bench = beside(directory);
  const feed = async (door: string, line: object): Promise<void> => {
    const headers = { authorization: 'Bearer dev|admin' };
    const body = `${JSON.stringify(line)}\n`;
    const answer = await fetch(`${String(server.url)}/_rollcall/v1/${door}`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  };
  const recipients = recipientTopic('presence.', BOB)!;
  try {
    await server.log.createTopics([recipientTopicSpec(recipients)]);
    for (const user_id of [ALICE, BOB]) await feed('memberships', { room_id: '!r:hs', user_id, membership: 'join' });
    const put = { type: 'presence.set', device_id: 'D', presence: 'online', status_msg: 'a secret' };
    for (const user_id of [ALICE, BOB]) await feed('commands', { ...put, user_id });
    await until(
      () => toldOf(server.log, recipients, ALICE),
      (told) => told?.includes('a secret') === true,
      PATIENCE_MS,
    );
    const before = new Date().toISOString();

    const forgot = await bench.run(['forget', ALICE, '--server', String(server.url)]);
    expect(forgot).toEqual({ exitCode: 0, stdout: `${ALICE} is forgotten.\n`, stderr: '' });
    await until(
      () => toldOf(server.log, recipients, ALICE),
      (told) => told === null,
      PATIENCE_MS,
    );
    expect(await toldOf(server.log, recipients, BOB)).toContain('online');
    expect(await toldOf(server.log, topicNames('presence.').states, ALICE)).toBeNull();
    const never = { exitCode: 1, stdout: '', stderr: `The history holds nothing of ${ALICE}.\n` };
    expect(await bench.run(['as-of', before, '--user', ALICE])).toEqual(never);
    expect(await bench.run(['timeline', ALICE])).toEqual(never);
    const everybody = await bench.run(['as-of', before, '--json']);
    expect([everybody.stdout.includes(ALICE), everybody.stdout.includes(BOB)]).toEqual([false, true]);
    expect((await bench.run(['verify', '--json'])).stdout).toContain('"clean":true');
  } finally {
    await server.stop();
  }
  const proof = await bench.run(['verify', '--json']);
  expect([proof.exitCode, JSON.parse(proof.stdout)]).toMatchObject([0, { clean: true, inputs: 3 }]);
}, 240_000);

it('an embedded log whose first hours retention has taken is proven from the first snapshot on that is left', async () => {
  const directory = join(folder, 'retained');
  const start = Date.UTC(2026, 10, 1);
  const openLog = (now: () => number): Promise<EmbeddedEventLog> =>
    EmbeddedEventLog.open({ directory, now, durable: false, upkeepMs: 0 });
  const world = new ReplayWorld({ seed: 13, startMs: start, inputRetentionMs: 5 * HOUR_MS, openLog });
  await world.open();
  await world.happen(200);
  await world.pass(4 * HOUR_MS);
  await world.happen(200);
  await world.stop();
  await (world.log as EmbeddedEventLog).housekeep();
  expect((await world.log.starts(TOPICS.activity)).every((first) => first > 0)).toBe(true);
  const kept = await recordsOf(world.log, TOPICS.commands, 0);
  expect(kept.length).toBeGreaterThan(5);
  await world.log.close();

  const bench = beside(directory);
  const proof = await bench.run(['verify', '--json']);
  expect([proof.exitCode, proof.stderr]).toEqual([0, '']);
  const { clean, partitions } = JSON.parse(proof.stdout) as {
    clean: boolean;
    partitions: { stretches: { from: string; changes: number }[] }[];
  };
  expect(clean).toBe(true);
  for (const { stretches } of partitions) {
    expect(Date.parse(stretches[0]!.from)).toBeGreaterThan(start);
    expect(stretches[0]!.changes).toBeGreaterThan(20);
  }
  const gone = await bench.run(['verify', '--to', new Date(start + 1_000).toISOString()]);
  expect(gone).toMatchObject({
    exitCode: 3,
    stderr: '',
    stdout: expect.stringMatching(
      /partition 0 cannot be proven: the first snapshot whose inputs are still in the log is of 2026-11-01T/,
    ),
  });
  const early = await bench.run(['what-if', '--idle-after', '90s', '--from', new Date(start + 1_000).toISOString()]);
  expect(early).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('what-if can go back to ') });
}, 240_000);
