// kcat, a Kafka client that shares no line with ours (librdkafka): on PATH, or taken from Debian's packages into a cache of
// our own.
import { spawn } from 'node:child_process';
import { findDebianProgram, type Found } from '../debian-package.js';

const LIMIT_MS = 30_000;

/** A record as kcat prints it with -J. */
export interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** What there is, or a sentence why there is none. */
export const findKcat = (): Found | { readonly reason: string } =>
  findDebianProgram({ name: 'kcat', otherNames: ['kafkacat'], versionWord: '-V' });

interface KcatJson {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly string[];
}

function readRecord(line: string): KcatRecord {
  const { partition, offset, key, payload, headers: flat = [] } = JSON.parse(line) as KcatJson;
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) headers[String(flat[index])] = String(flat[index + 1]);
  return { partition, offset, key, payload, headers };
}

export class Kcat {
  constructor(
    private readonly found: Found,
    private readonly brokers: readonly string[],
  ) {}

  /** Any line of kcat, `input` on its standard input; resolves with its standard output. */
  run(args: readonly string[], input: string | Buffer = ''): Promise<string> {
    const { program, environment } = this.found;
    const child = spawn(program, ['-b', this.brokers.join(','), ...args], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const [output, errors]: Buffer[][] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => output?.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors?.push(chunk));
    // It may end before it has read everything; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(output ?? []).toString());
        else
          reject(
            new Error(`kcat ${args.join(' ')} ended with ${code ?? signal}: ${Buffer.concat(errors ?? []).toString()}`),
          );
      });
    });
  }

  /** Everything that a topic holds now, as a consumer that knows nothing of us sees it. */
  async read(topic: string): Promise<KcatRecord[]> {
    const text = await this.run(['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J']);
    return text.split('\n').filter(Boolean).map(readRecord);
  }

  /** Lines `key TAB value`, placed as Kafka's own clients do unless `args` say otherwise. */
  async produce(topic: string, lines: readonly string[], args: readonly string[] = []): Promise<void> {
    const placing = ['-X', 'topic.partitioner=murmur2_random', '-X', 'message.max.bytes=8000000'];
    await this.run(['-P', '-t', topic, '-K', '\t', ...placing, ...args], lines.map((line) => `${line}\n`).join(''));
  }
}
