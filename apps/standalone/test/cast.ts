// One running engine for a test file, and fresh users and rooms for each of its cases. Invariant: no case sees another's people.
import { startStandalone } from '../src/index.js';
import { endEverything, freshFolder } from './program.js';
import { Administrator, MatrixUser } from './matrix-user.js';
import type { Environment, RunningProcess } from '#libs/runtime';

export class Cast {
  #running: RunningProcess | undefined;
  #next = 0;

  constructor(private readonly environment: Environment = {}) {
    beforeAll(async () => {
      this.#running = await startStandalone({ environment: { DATA_DIR: freshFolder(), ...this.environment } });
    }, 120_000);
    afterAll(async () => {
      await this.#running?.stop();
      await endEverything();
    }, 120_000);
  }

  get running(): RunningProcess {
    if (this.#running === undefined) throw new Error('the engine runs only while tests do');
    return this.#running;
  }

  get url(): string {
    return String(this.running.url);
  }

  get admin(): Administrator {
    return new Administrator(this.url);
  }

  /** Of a server called `hs`, or of another one. */
  user(name: string, server = 'hs'): MatrixUser {
    this.#next += 1;
    return new MatrixUser(this.url, `@${name}${String(this.#next)}:${server}`);
  }

  room(name = 'room'): string {
    this.#next += 1;
    return `!${name}${String(this.#next)}:hs`;
  }

  /** Somebody of whom the case says nothing: has polled once, plainly, and is therefore online. */
  async online(name: string, server?: string): Promise<MatrixUser> {
    const user = this.user(name, server);
    await user.first();
    return user;
  }

  /** Records of a topic under a user's key. */
  async recordsOf(topic: string, key: string): Promise<unknown[]> {
    const { log } = this.running;
    const found: unknown[] = [];
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for await (const batch of log.read(topic, partition, 0, end)) {
        for (const record of batch.records) {
          if (record.key !== null && record.value !== null && Buffer.from(record.key).toString() === key)
            found.push(JSON.parse(Buffer.from(record.value).toString()));
        }
      }
    }
    return found;
  }
}
