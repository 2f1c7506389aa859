// Every command of README.md that needs no Kafka, in order, as a newcomer types them: `npm start` itself, curl, pipes, the
// command line beside the running server, exports and SQL, and the homeserver's registration.
import { freePorts } from '#libs/testing';
import { FakeHomeserver } from '../fake-homeserver.js';
import { Newcomer } from './newcomer.js';
import { nameOf, NOT_RUN, sectionsOf } from './plan.js';
import { freshCheckout, Terminal } from './terminal.js';

jest.setTimeout(300_000);
const START = { section: '', line: 0, text: 'npm start', shown: [] };

describe('the commands of README.md, on the embedded log', () => {
  let checkout: ReturnType<typeof freshCheckout>;
  let homeserver: FakeHomeserver;
  let newcomer: Newcomer;

  beforeAll(async () => {
    checkout = freshCheckout();
    homeserver = await FakeHomeserver.start();
    const [port = 0] = await freePorts(1);
    newcomer = new Newcomer(new Terminal(checkout.folder, {}), port);
    newcomer.addresses.set('127.0.0.1:8008', `127.0.0.1:${homeserver.port}`);
  });
  afterAll(async () => {
    await newcomer.terminal.interruptAll();
    newcomer.terminal.close();
    await homeserver.stop();
    checkout.remove();
  });

  /** What the sections take for granted: a server that runs, or none. */
  async function prepare(section: string): Promise<void> {
    if (section === 'In front of a homeserver') await newcomer.terminal.interruptAll();
    if (section !== 'For analysts') return;
    await newcomer.terminal.interruptAll();
    await newcomer.follow(START);
  }

  describe.each(sectionsOf('embedded'))('%s', (section, commands) => {
    beforeAll(() => prepare(section));

    it.each(commands.filter(({ text }) => !NOT_RUN.has(text)).map((command) => [nameOf(command), command] as const))(
      '%s',
      async (_name, command) => {
        await newcomer.follow(command);
      },
    );
  });
});
