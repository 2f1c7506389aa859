// The line between the log's calls and Nest's handlers: order, holding, and breaking.

import { OrderedLine } from './ordered-line.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function line(): { line: OrderedLine; failures: unknown[]; seen: string[] } {
  const failures: unknown[] = [];
  return { line: new OrderedLine((error) => failures.push(error)), failures, seen: [] };
}

describe('an ordered line', () => {
  it('holds steps until it is opened', () => {
    const { line: it, seen } = line();
    it.push(() => void seen.push('one'));
    expect(seen).toEqual([]);
    it.open();
    expect(seen).toEqual(['one']);
  });

  it('runs a synchronous step at once', () => {
    const { line: it, seen } = line();
    it.open();
    it.push(() => void seen.push('one'));
    expect(seen).toEqual(['one']);
  });

  it('lets nothing overtake a step that takes its time', async () => {
    const { line: it, seen } = line();
    it.open();
    it.push(async () => {
      await turn();
      seen.push('slow batch');
    });
    it.push(() => void seen.push('revoked'));
    expect(seen).toEqual([]);
    await it.idle();
    expect(seen).toEqual(['slow batch', 'revoked']);
  });

  it.each([
    [
      'thrown',
      (): void => {
        throw new Error('no');
      },
    ],
    ['rejected', (): Promise<void> => Promise.reject(new Error('no'))],
  ])('breaks at a failure that is %s: nothing runs after it', async (_, fail) => {
    const { line: it, seen, failures } = line();
    it.open();
    it.push(fail);
    it.push(() => void seen.push('after'));
    await it.idle();
    await turn();
    it.push(() => void seen.push('later'));
    expect(seen).toEqual([]);
    expect(failures).toEqual([new Error('no')]);
  });

  it('survives a step that pushes a step', () => {
    const { line: it, seen } = line();
    it.open();
    it.push(() => {
      it.push(() => void seen.push('inner'));
      seen.push('outer');
    });
    expect(seen).toEqual(['outer', 'inner']);
  });
});
