// Apache Kafka's own jars, fetched once by Maven into a cache outside git. Invariant: the cache folder exists only when
// it is complete (it is renamed into place), however many processes fetch at once; one of them fetches, the rest wait.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './pid-lock.js';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.3.1';
const SLF4J_VERSION = '1.7.36';
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const OLDEST_JAVA = 17;
const FETCH_LIMIT_MS = 300_000;
const NO_MAVEN = `Java is here, but not Maven, which fetches Apache Kafka ${KAFKA_VERSION} (install maven)`;

export interface Refused {
  readonly reason: string;
}

const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rollcall', `kafka-${KAFKA_VERSION}`);

const dependency = (artifact: string): string =>
  `<dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId><version>${KAFKA_VERSION}</version></dependency>`;

const pom = (): string => `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>rollcall</groupId><artifactId>local-kafka</artifactId><version>1</version><packaging>pom</packaging><dependencies>
${dependency('kafka_2.13')}${dependency('kafka-tools')}${dependency('kafka-streams')}
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J_VERSION}</version></dependency>
</dependencies></project>`;

const isCommand = (name: string): boolean => spawnSync(name, ['-version'], { stdio: 'ignore' }).error === undefined;

function javaFault(): string | undefined {
  const told = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (told.error !== undefined)
    return 'there is no Docker engine and no Java (install a Java runtime of version 17 or newer, and Maven)';
  const major = Number(/version "(?:1\.)?(\d+)/.exec(told.stderr)?.[1] ?? 0);
  return major >= OLDEST_JAVA
    ? undefined
    : `Java ${major} is too old for Apache Kafka ${KAFKA_VERSION}: it needs ${OLDEST_JAVA} or newer`;
}

async function fetchInto(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const workshop = mkdtempSync(`${folder}.part-`);
  try {
    writeFileSync(join(workshop, 'pom.xml'), pom());
    await run('mvn', ['-q', '-B', PLUGIN, `-DoutputDirectory=${join(workshop, 'lib')}`], {
      cwd: workshop,
      timeout: FETCH_LIMIT_MS,
    });
    renameSync(workshop, folder);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Why a local Kafka cannot be run here, as far as can be told without waiting. */
export function localKafkaFault(): string | undefined {
  return javaFault() ?? (existsSync(cacheFolder()) || isCommand('mvn') ? undefined : NO_MAVEN);
}

/** The class path of a local Kafka, or why there is none. */
export async function kafkaClassPath(): Promise<string | Refused> {
  const fault = localKafkaFault();
  if (fault !== undefined) return { reason: fault };
  const folder = cacheFolder();
  mkdirSync(dirname(folder), { recursive: true });
  try {
    if (!existsSync(folder)) await withLock(`${folder}.lock`, () => fetchInto(folder));
  } catch (error) {
    return {
      reason: `Maven could not fetch Apache Kafka ${KAFKA_VERSION}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`,
    };
  }
  return join(folder, 'lib', '*');
}
