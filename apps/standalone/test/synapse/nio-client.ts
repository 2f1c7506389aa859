// matrix-nio as a process: it syncs as its users' programs do and says what it was told, a line each. Invariant: the library decides
// what a /sync that it understands looks like; nothing of its answers is read here before it has read them.
import { spawn, type ChildProcess } from 'node:child_process';
import { MATRIX_NIO, pythonWith } from '#libs/testing';
import { until } from '../program.js';
import type { Person } from './person.js';

const PROGRAM = `
import asyncio, sys
from nio import AsyncClient, PresenceEvent, RoomMessageText

async def main(url, user, device, token):
    client = AsyncClient(url, user, device_id=device)
    client.restore_login(user, device, token)
    def said(room, event):
        print("message", event.sender, event.body, flush=True)
    def shown(event):
        print("presence", event.user_id, event.presence, event.status_msg, flush=True)
    client.add_event_callback(said, RoomMessageText)
    client.add_presence_callback(shown, PresenceEvent)
    await client.sync_forever(timeout=10000, set_presence="unavailable")

asyncio.run(main(*sys.argv[1:]))
`;

export class NioClient {
  #said = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  static async start({ who: { userId, deviceId, token }, url }: Person): Promise<NioClient> {
    const args = ['-c', PROGRAM, url(), userId, deviceId, token];
    return new NioClient(spawn(await pythonWith(MATRIX_NIO), args, { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Until it has said such a line; every line is one event. */
  async says(line: string): Promise<void> {
    await until(`matrix-nio to say "${line}"`, () => {
      if (this.child.exitCode !== null) throw new Error(`matrix-nio ended: ${this.#said}`);
      return this.lines().includes(line) ? true : undefined;
    });
  }

  lines(): readonly string[] {
    return this.#said.split('\n');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
