// The order of stopping, with steps that fail and steps that hang.

import { SHUTDOWN_PHASES, ShutdownSequence, type ShutdownReporter } from './shutdown.js';

function reporter(): ShutdownReporter & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    stepFailed: (step) => told.push(`failed ${step.name}`),
    late: (waitingFor) => told.push(`late ${waitingFor.join()}`),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const LONG_MS = 60_000;

describe('the shutdown sequence', () => {
  it('runs phases in their order, whatever the order of registration', async () => {
    const sequence = new ShutdownSequence();
    const seen: string[] = [];
    for (const phase of [...SHUTDOWN_PHASES].reverse()) {
      sequence.step(phase, phase, async () => {
        await turn();
        seen.push(phase);
      });
    }
    expect(await sequence.run(LONG_MS, reporter())).toBe('finished');
    expect(seen).toEqual([...SHUTDOWN_PHASES]);
  });

  it('goes on after a step that fails, and says so', async () => {
    const sequence = new ShutdownSequence();
    const seen: string[] = [];
    sequence.step('finish', 'broken', () => {
      throw new Error('no');
    });
    sequence.step('finish', 'beside it', () => void seen.push('beside'));
    sequence.step('close', 'after it', () => void seen.push('after'));
    const tells = reporter();
    expect(await sequence.run(LONG_MS, tells)).toBe('failed');
    expect(seen).toEqual(['beside', 'after']);
    expect(tells.told).toEqual(['failed broken']);
  });

  it('does not wait for ever, and names what it waited for', async () => {
    const sequence = new ShutdownSequence();
    sequence.step('leave', 'the group', () => new Promise(() => undefined));
    const tells = reporter();
    expect(await sequence.run(5, tells)).toBe('late');
    expect(tells.told).toEqual(['late leave: the group']);
  });

  it('runs once', async () => {
    const sequence = new ShutdownSequence();
    let runs = 0;
    sequence.step('close', 'x', () => void (runs += 1));
    await Promise.all([sequence.run(LONG_MS, reporter()), sequence.run(LONG_MS, reporter())]);
    expect(runs).toBe(1);
  });
});
