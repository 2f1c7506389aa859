// A process that writes until its log refuses, for disks that are full or limited. Argument: directory. Says every
// acknowledged offset, then how each kind of write is refused; after a line on stdin it tries once more. A process of its
// own because LMDB's library prints the system's error besides, from wherever it was first loaded.
import { EmbeddedEventLog } from './index.js';

const [directory = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
await log.createTopics([{ name: 't', partitions: 1, cleanup: 'delete', timestamps: 'append' }]);
const transactor = await log.transactor('t');

const records = (bytes: number) => [{ key: 'k', value: 'z'.repeat(bytes) }];
const refused = (error: unknown): void => say(`${(error as Error).name}: ${(error as Error).message}`);

const fill = async (): Promise<void> => {
  for (let i = 0; i < 100_000; i++) {
    const [place] = await log.append('t', records(20_000));
    say(`${place?.offset}`);
  }
};

await fill().catch(refused);
await transactor.transact({ appends: [{ topic: 't', records: records(900_000) }] }).catch(refused);
// Three in one commit, or one behind another that fails: all are refused.
await Promise.all([1, 2, 3].map(() => log.append('t', records(900_000)).catch(refused)));
await new Promise((resolve) => process.stdin.once('data', resolve));
await log.append('t', records(4)).then(([place]) => say(`again ${place?.offset}`), refused);
await log.close();
process.exit(0);
