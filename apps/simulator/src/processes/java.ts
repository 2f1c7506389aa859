// Java programs on Apache Kafka's own jars: its perf tools, and sources of ours that Java compiles as it starts them.
// Invariant: what is missing (a Java with compiler, Maven) is said in a sentence.
import { spawnSync } from 'node:child_process';
import { kafkaClassPath } from '#libs/testing';
import { MeasuredProcess } from './measured-process.js';
import { javaSource } from './programs.js';

export function javaVersion(): string {
  return /version "([^"]+)"/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr)?.[1] ?? 'none';
}

export interface JavaStart {
  /** A class of the jars, or a source in apps/simulator/java. */
  readonly program: { readonly kafka: string } | { readonly source: string };
  readonly arguments: readonly string[];
  readonly heapMb: number;
}

export async function startJava(
  name: string,
  { program, arguments: words, heapMb }: JavaStart,
): Promise<MeasuredProcess> {
  const classPath = await kafkaClassPath();
  if (typeof classPath !== 'string') throw new Error(classPath.reason);
  const main = 'kafka' in program ? program.kafka : javaSource(program.source);
  return MeasuredProcess.start(name, {
    command: 'java',
    arguments: [`-Xmx${heapMb}m`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath, main, ...words],
  });
}

/** Runs it to its end and returns what the pattern finds in its output. */
export async function runJava(name: string, start: JavaStart, wanted: RegExp): Promise<RegExpExecArray> {
  const java = await startJava(name, start);
  try {
    const found = await java.printed(wanted);
    const code = await java.ended();
    if (code !== 0) throw new Error(`${name} ended with exit code ${code ?? 'none'}`);
    return found;
  } finally {
    await java.stop();
  }
}
