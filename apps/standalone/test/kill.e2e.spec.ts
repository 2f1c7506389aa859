// kill -9 in the middle of a thousand PUTs, and a start on what is left: every PUT that was answered 200 is in the commands, in
// the history and in the state, in its order, and nothing twice.
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { runProgram, type ProgramProcess } from '#libs/testing';
import { MatrixUser } from './matrix-user.js';
import { endEverything, freshFolder, until } from './program.js';

jest.setTimeout(240_000);
const USERS = 40;
const PUTS_EACH = 25;
const KILLED_AFTER = [60, 400, 750];

const started: ProgramProcess[] = [];
afterAll(async () => {
  for (const { child, ended } of started) {
    child.kill('SIGKILL');
    await ended;
  }
  await endEverything();
});

async function start(directory: string): Promise<{ process: ProgramProcess; url: string }> {
  const env = {
    ...process.env,
    DATA_DIR: directory,
    HTTP_PORT: '0',
    PUT_PER_SECOND: '100000',
    PUT_BURST: '100000',
    LOG_LEVEL: 'warn',
  };
  const running = runProgram('apps/standalone/src/main.ts', [], { env });
  started.push(running);
  const url = await until('the process to serve', () => {
    if (running.child.exitCode !== null) throw new Error(`it ended: ${running.errors()}`);
    return /serves on (http:\S+)/.exec(running.output())?.[1];
  });
  return { process: running, url };
}

interface Attempt {
  readonly user: MatrixUser;
  /** Messages in the order of their PUTs, and how many of them were answered 200. */
  readonly sent: string[];
  acknowledged: number;
}

/** Each user one PUT after the other, until the server is gone. */
async function putUntilKilled(attempts: readonly Attempt[], onAcknowledged: () => void): Promise<void> {
  await Promise.all(
    attempts.map(async (attempt) => {
      for (let n = 0; n < PUTS_EACH; n += 1) {
        const message = `${attempt.user.userId} ${String(n)}`;
        attempt.sent.push(message);
        const answer = await attempt.user.put('online', message).catch(() => undefined);
        if (answer === undefined) return;
        expect(answer.status).toBe(200);
        attempt.acknowledged += 1;
        onAcknowledged();
      }
    }),
  );
}

/** The messages under each user's key, in their order. */
async function messagesOf(directory: string, topic: string): Promise<Map<string, string[]>> {
  const log = await EmbeddedEventLog.open({ directory, readOnly: true });
  const found = new Map<string, string[]>();
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { value } of records) {
        if (value === null) continue;
        const { user_id: userId, status_msg: message } = JSON.parse(Buffer.from(value).toString()) as {
          user_id: string;
          status_msg?: string;
        };
        const messages = found.get(userId) ?? [];
        if (message !== undefined && messages.at(-1) !== message) messages.push(message);
        found.set(userId, messages);
      }
    }
  }
  await log.close();
  return found;
}

describe.each(KILLED_AFTER)('kill -9 when %d PUTs were answered', (killAt) => {
  it('loses none of them, and tells none twice', async () => {
    const directory = freshFolder();
    const first = await start(directory);
    const attempts = Array.from({ length: USERS }, (_, n): Attempt => ({
      user: new MatrixUser(first.url, `@killed${String(n)}:hs`),
      sent: [],
      acknowledged: 0,
    }));
    let answered = 0;
    await putUntilKilled(attempts, () => {
      answered += 1;
      if (answered === killAt) first.process.child.kill('SIGKILL');
    });
    expect((await first.process.ended).signal).toBe('SIGKILL');
    expect(answered).toBeGreaterThanOrEqual(killAt);
    expect(answered).toBeLessThan(USERS * PUTS_EACH);

    const { url } = await start(directory);
    const commands = await messagesOf(directory, 'presence.commands');
    for (const { user, sent, acknowledged } of attempts) {
      const again = new MatrixUser(url, user.userId);
      const written = commands.get(user.userId) ?? [];
      // What was written is what was sent, up to one that was on its way; what was answered is among it.
      expect(written).toEqual(sent.slice(0, written.length));
      expect(written.length).toBeGreaterThanOrEqual(acknowledged);
      await until('the state to hold the last command', async () =>
        (await again.get()).body['status_msg'] === written.at(-1) ? true : undefined,
      );
    }
    // The states are told after the history, in one transaction with it.
    const history = await messagesOf(directory, 'presence.changes');
    for (const { user } of attempts) expect(history.get(user.userId) ?? []).toEqual(commands.get(user.userId) ?? []);
  });
});
