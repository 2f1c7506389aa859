// Ctrl-C on a terminal, where npm stands between: everything in the group is told, and npm tells its script once more. What was
// started and made for the while of a command is gone afterwards.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeLocalKafka, until } from '#libs/testing';
import { freshCheckout, Terminal } from './readme/terminal.js';

jest.setTimeout(180_000);
const PATIENCE_MS = 120_000;

describeLocalKafka('Ctrl-C', () => {
  let checkout: ReturnType<typeof freshCheckout>;
  let terminal: Terminal;
  let place: string;

  beforeAll(() => {
    checkout = freshCheckout();
    place = join(checkout.folder, '.place');
    mkdirSync(place);
    terminal = new Terminal(checkout.folder, { TMPDIR: place });
  });
  afterAll(() => {
    terminal.close();
    checkout.remove();
  });
  const made = (): string[] => readdirSync(place).filter((name) => name.startsWith('rollcall-'));

  it.each([
    ['npm run kafka', ['rollcall-kafka']],
    ['npm run bench -- idle', ['rollcall-idle', 'rollcall-kafka']],
    ['npm run bench -- http', ['rollcall-bench']],
  ])('leaves nothing of %s', async (command, names) => {
    await terminal.begin(command, /exec node/);
    await until(made, (seen) => names.every((name) => seen.some((one) => one.startsWith(name))), PATIENCE_MS);
    await terminal.interrupt(command);
    expect(made()).toEqual([]);
  });
});
