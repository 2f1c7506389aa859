// The administrator's feed: the latest of each, nothing lost by falling behind.
import { SimulatedClock } from '#libs/testing';
import { StatesView } from '#libs/views';
import { Everyone, type EveryoneReader } from './everyone.js';
import { EVERYTHING } from './feed.js';

class Scene {
  readonly clock = new SimulatedClock(1_000_000);
  readonly everyone: Everyone;
  readonly states: StatesView;
  #version = 0;

  constructor(maxWaiting = 100) {
    this.everyone = new Everyone({ clock: this.clock, states: () => this.states, busyName: 'stable', maxWaiting });
    this.states = new StatesView({
      partitions: 1,
      onMoved: (userId) => {
        this.everyone.moved(userId);
      },
    });
  }

  move(userId: string, presence: 'online' | 'offline'): void {
    this.#version += 1;
    this.states.raise({
      userId,
      life: 0,
      version: this.#version,
      changedAtMs: this.clock.nowMs(),
      view: { presence, currentlyActive: false },
    });
  }

  read(since?: string): EveryoneReader {
    const reader = this.everyone.read(since);
    if (reader === 'malformed') throw new Error('malformed');
    return reader;
  }
}

const shown = (texts: readonly string[]): string[] =>
  texts.map((text) => {
    const { sender, content } = JSON.parse(text) as { sender: string; content: { presence: string } };
    return `${sender} ${content.presence}`;
  });

describe('everybody', () => {
  it('begins with who is not offline, and goes on with the latest of whoever moves', () => {
    const scene = new Scene();
    scene.move('@a:hs', 'online');
    scene.move('@b:hs', 'offline');
    const reader = scene.read();
    expect(shown(reader.take(EVERYTHING))).toEqual(['@a:hs online']);
    scene.move('@b:hs', 'online');
    scene.move('@b:hs', 'offline');
    scene.move('@b:hs', 'online');
    expect(shown(reader.take(EVERYTHING))).toEqual(['@b:hs online']);
    expect(reader.take(EVERYTHING)).toEqual([]);
  });

  it('resumes with everybody who is there or has gone since', () => {
    const scene = new Scene();
    for (const user of ['@a:hs', '@b:hs', '@c:hs']) scene.move(user, 'online');
    scene.move('@c:hs', 'offline');
    scene.clock.advanceTo(2_000_000);
    const reader = scene.read();
    reader.take(EVERYTHING);
    const token = reader.token();
    reader.close();
    scene.move('@b:hs', 'offline');
    expect(shown(scene.read(token).take(EVERYTHING)).sort()).toEqual(['@a:hs online', '@b:hs offline']);
  });

  it('tells one who fell too far behind everything anew', () => {
    const scene = new Scene(3);
    const reader = scene.read();
    for (let n = 0; n < 10; n += 1) scene.move(`@u${String(n)}:hs`, 'online');
    scene.move('@u9:hs', 'offline');
    const told = new Map<string, string>();
    for (let texts = reader.take(EVERYTHING); texts.length > 0; texts = reader.take(EVERYTHING)) {
      for (const line of shown(texts)) told.set(line.split(' ')[0] ?? '', line.split(' ')[1] ?? '');
    }
    expect(told.size).toBe(10);
    expect(told.get('@u9:hs')).toBe('offline');
  });

  it('waits until somebody moves', async () => {
    const scene = new Scene();
    const reader = scene.read();
    const never = new AbortController();
    const changed = reader.changed(never.signal);
    scene.move('@a:hs', 'online');
    await changed;
    expect(shown(reader.take(EVERYTHING))).toEqual(['@a:hs online']);
  });

  it('refuses tokens of another kind', () => {
    expect(new Scene().everyone.read('r1_0_0_0_AAAAAAAA_0.0')).toBe('malformed');
  });
});
