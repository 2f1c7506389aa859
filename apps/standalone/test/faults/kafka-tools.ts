// Apache Kafka's own command line tools, for what no client of ours does: deleting records and groups, and producing as a
// stranger. Invariant: they run from the jars that the local brokers run from.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { kafkaClassPath } from '#libs/testing';

const run = promisify(execFile);
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx96m'];

async function command(tool: string, args: readonly string[]): Promise<string[]> {
  const classPath = await kafkaClassPath();
  if (typeof classPath !== 'string') throw new Error(classPath.reason);
  return [...JVM, '-cp', classPath, `org.apache.kafka.tools.${tool}`, ...args];
}

/** Resolves with what it printed; rejects with it when it failed. */
export async function kafkaTool(tool: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('java', await command(tool, args));
  return stdout;
}

/** One that goes on until it is killed. */
export async function startKafkaTool(tool: string, ...args: string[]): Promise<ChildProcess> {
  return spawn('java', await command(tool, args), { stdio: 'ignore' });
}
