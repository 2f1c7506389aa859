// A process that writes until its log refuses, for disks that are full or limited. Arguments: directory. Says every
// acknowledged number, then the error, then after a line on stdin tries once more.
import { EmbeddedEventLog } from './index.js';

const [directory = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
await log.createTopics([{ name: 't', partitions: 1, cleanup: 'delete', timestamps: 'append' }]);

const write = async (): Promise<void> => {
  for (let i = 0; i < 100_000; i++) {
    const [place] = await log.append('t', [{ key: 'k', value: `${'z'.repeat(20_000)}` }]);
    say(`${place?.offset}`);
  }
};

await write().catch((error: unknown) => say(`${(error as Error).name}: ${(error as Error).message}`));
await new Promise((resolve) => process.stdin.once('data', resolve));
const [place] = await log
  .append('t', [{ key: 'k', value: 'again' }])
  .catch((error: unknown) => [{ offset: (error as Error).name }]);
say(`again ${place?.offset}`);
await log.close();
process.exit(0);
