// kill -9 at any moment: a real process writes, dies at a random moment again and again on the same directory, and the
// log must hold what it had acknowledged, once, with transactions whole. CRASH_SEED repeats a run, CRASH_KILLS lengthens it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '#libs/testing';
import { brokenPromises, type Evidence, gatherEvidence } from './crash-ledger.js';
import { EmbeddedEventLog } from './embedded-event-log.js';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 20);
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

describe('a writer that is killed', () => {
  let directory: string;
  beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'rollcall-crash-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const writeAndDie = async (round: number, afterMs: number): Promise<string[]> => {
    const writer = runProgram('libs/event-log-embedded/src/crash-writer.process.ts', [directory, `${round}`]);
    expect(await writer.line()).toBe('ready');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    writer.child.kill('SIGKILL');
    expect((await writer.ended).signal).toBe('SIGKILL');
    // The last line may be cut off; a whole one ends with a newline.
    return writer.output().split('\n').slice(1, -1);
  };

  it(`keeps what it acknowledged, ${KILLS} times over`, async () => {
    const random = randomFrom(SEED);
    const acknowledged: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      acknowledged.push(...(await writeAndDie(round, random() * 200)));
      const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
      const broken = brokenPromises(acknowledged, await gatherEvidence(log));
      await log.close();
      if (broken.length > 0)
        throw new Error(`CRASH_SEED=${SEED} round ${round}: ${broken.length} broken: ${broken.slice(0, 5).join('; ')}`);
    }
    process.stdout.write(
      `killed ${KILLS} times (CRASH_SEED=${SEED}); ${acknowledged.length} acknowledgements, all kept\n`,
    );
    expect(acknowledged.length).toBeGreaterThan(KILLS);
  }, 240_000);

  it('would be caught breaking its promises', () => {
    const parts = (name: string): string[] => [0, 1, 2, 3, 4, 5].map((part) => `${name}.${part}`);
    const good: Evidence = {
      appends: ['a.0.0', 'a.0.1'],
      outputs: parts('t.0.0'),
      progress: 't.0.0',
      committed: 't.0.0',
      faults: [],
    };
    const acknowledged = ['a.0.0', 't.0.0'];
    expect(brokenPromises(acknowledged, good)).toEqual([]);
    const bad: Partial<Evidence>[] = [
      { appends: ['a.0.1'] },
      { appends: ['a.0.0', 'a.0.0'] },
      { outputs: [] },
      { outputs: parts('t.0.0').slice(1) },
      { outputs: [...parts('t.0.0'), ...parts('t.0.0')] },
      { committed: undefined },
      { progress: 't.0.1', committed: 't.0.1' },
      { faults: ['appends-0: a hole before 3'] },
    ];
    for (const change of bad) expect(brokenPromises(acknowledged, { ...good, ...change })).not.toEqual([]);
  });
});
