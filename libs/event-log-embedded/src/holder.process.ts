// A process that opens a log and keeps it until it is ended. Arguments: directory, `write` or `read`. Says `held`, or the
// name and message of the error; a reader then says every value that its tail brings.
import { EmbeddedEventLog } from './index.js';

const [directory = '', mode = 'write'] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const log = await EmbeddedEventLog.open({ directory, readOnly: mode === 'read', pollMs: 5 });
  say('held');
  if (mode === 'read') {
    await log.tail({
      topics: new Map([['t', 'start']]),
      onBatch: (batch) => batch.records.forEach((record) => say(Buffer.from(record.value ?? []).toString())),
      onError: (error) => say(`${error.name}: ${error.message}`),
    });
  }
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on('end', resolve));
  await log.close();
  say('closed');
  process.exit(0);
} catch (error) {
  say(`${(error as Error).name}: ${(error as Error).message}`);
  process.exit(1);
}
