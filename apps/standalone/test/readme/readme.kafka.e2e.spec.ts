// Every command of README.md about Kafka, in order, as a newcomer types them: the local broker that `npm run kafka` starts, each
// service in a terminal of its own, kcat, and the growing of topics with the services stopped.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLocalKafka, findKcat, freePorts } from '#libs/testing';
import { Newcomer } from './newcomer.js';
import { LASTING, nameOf, NOT_RUN, sectionsOf } from './plan.js';
import { freshCheckout, Terminal } from './terminal.js';

jest.setTimeout(300_000);
const START = { section: '', line: 0, text: 'npm start', shown: [] };
const SERVICES = [...LASTING.keys()].filter((text) => /start:/.test(text));

describeLocalKafka('the commands of README.md, on Kafka', () => {
  const kcat = findKcat();
  let checkout: ReturnType<typeof freshCheckout>;
  let newcomer: Newcomer;

  beforeAll(async () => {
    checkout = freshCheckout();
    const [port = 0] = await freePorts(1);
    newcomer = new Newcomer(new Terminal(checkout.folder, pathWithKcat(checkout.folder)), port);
    // Somebody who comes here has tried the embedded log before, and has its directory.
    await newcomer.follow(START);
    await newcomer.stop(START.text);
  });
  afterAll(async () => {
    await newcomer.terminal.interruptAll();
    newcomer.terminal.close();
    checkout.remove();
  });

  /** kcat wherever it was found, under its name. */
  function pathWithKcat(folder: string): Readonly<Record<string, string>> {
    if ('reason' in kcat) return {};
    const programs = join(folder, '.programs');
    mkdirSync(programs);
    const variables = Object.entries(kcat.environment).map(([name, value]) => `${name}='${value}' `);
    writeFileSync(join(programs, 'kcat'), `#!/bin/sh\n${variables.join('')}exec '${kcat.program}' "$@"\n`);
    chmodSync(join(programs, 'kcat'), 0o755);
    return { PATH: `${programs}:${String(process.env['PATH'])}` };
  }

  describe.each(sectionsOf('kafka'))('%s', (_section, commands) => {
    for (const command of commands) {
      const { text } = command;
      if (NOT_RUN.has(text)) continue;
      const possible = text.includes('kcat ') && 'reason' in kcat ? it.skip : it;
      possible(nameOf(command), async () => {
        if (text.includes('topics copy')) for (const service of SERVICES) await newcomer.stop(service);
        const printed = await newcomer.follow(command);
        const broker = /Kafka answers on (\S+:\d+)\./.exec(printed)?.[1];
        if (text === 'npm run kafka') newcomer.addresses.set('127.0.0.1:9092', String(broker));
      });
    }
  });
});
