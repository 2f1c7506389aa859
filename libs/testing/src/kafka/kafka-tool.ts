// Kafka's own command-line tools, from the jars that the local broker runs on: what every operator has at hand. Invariant: a
// tool that reports an error fails here, although some of them end with exit code 0 all the same.
import { spawn } from 'node:child_process';
import { kafkaClassPath } from './jars.js';

const LIMIT_MS = 90_000;

const CLASSES = {
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-acls': 'org.apache.kafka.tools.AclCommand',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
} as const;

export type KafkaTool = keyof typeof CLASSES;

/** Resolves with what it printed; `input` is its standard input. */
export async function runKafkaTool(
  tool: KafkaTool,
  { brokers, args }: { readonly brokers: readonly string[]; readonly args: readonly string[] },
  input = '',
): Promise<string> {
  const classPath = await kafkaClassPath();
  if (typeof classPath !== 'string') throw new Error(classPath.reason);
  const words = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', '-cp', classPath, CLASSES[tool]];
  const child = spawn('java', [...words, '--bootstrap-server', brokers.join(','), ...args], { timeout: LIMIT_MS });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => printed.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const text = Buffer.concat(printed).toString();
      if (code === 0 && !/\bERROR\b|Exception/.test(text)) resolve(text);
      else reject(new Error(`${tool} ${args.join(' ')} ended with ${code ?? signal}: ${text}`));
    });
  });
}

/** Lines `key TAB value` through the console producer; `settings` such as `compression.type=lz4`. */
export async function produceFromConsole(
  { brokers, topic }: { readonly brokers: readonly string[]; readonly topic: string },
  lines: readonly string[],
  settings: readonly string[] = [],
): Promise<void> {
  const reading = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=\t'];
  const tuning = settings.flatMap((setting) => ['--command-property', setting]);
  const args = ['--topic', topic, ...reading, ...tuning];
  await runKafkaTool('kafka-console-producer', { brokers, args }, lines.map((line) => `${line}\n`).join(''));
}
