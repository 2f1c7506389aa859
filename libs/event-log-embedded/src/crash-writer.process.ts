// The victim of the crash test: a process that writes as fast as it can, says on stdout what was acknowledged, and is
// killed at a random moment. Arguments: directory, round. Every value is `<kind>.<round>.<number>`, so nothing repeats.
import { EmbeddedEventLog } from './index.js';

const [directory = '', round = '0'] = process.argv.slice(2);
const log = await EmbeddedEventLog.open({ directory, upkeepMs: 0 });
await log.createTopics([
  { name: 'appends', partitions: 2, cleanup: 'delete', timestamps: 'append' },
  { name: 'outputs', partitions: 3, cleanup: 'delete', timestamps: 'append' },
  { name: 'latest', partitions: 1, cleanup: 'compact', timestamps: 'append' },
]);

/** Pipes are written to synchronously: what was said was acknowledged before. */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const appendForever = async (lane: number): Promise<void> => {
  for (let i = lane; ; i += 4) {
    const value = `a.${round}.${i}`;
    await log.append('appends', [{ key: value, value }]);
    say(value);
  }
};

const transactForever = async (): Promise<void> => {
  const transactor = await log.transactor('crash-writer');
  for (let i = 0; ; i++) {
    const value = `t.${round}.${i}`;
    const outputs = Array.from({ length: 6 }, (_, part) => ({
      key: null,
      value: `${value}.${part}`,
      partition: part % 3,
    }));
    await transactor.transact({
      appends: [
        { topic: 'outputs', records: outputs },
        {
          topic: 'latest',
          records: [
            { key: `k${i % 7}`, value: 'x'.repeat(500) },
            { key: 'progress', value },
          ],
        },
      ],
      offsets: { group: 'g', positions: [{ topic: 'outputs', partition: 0, offset: i, metadata: value }] },
    });
    say(value);
  }
};

const compactForever = async (): Promise<void> => {
  for (;;) {
    await log.housekeep();
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
};

say('ready');
await Promise.all([...[0, 1, 2, 3].map(appendForever), transactForever(), compactForever()]);
