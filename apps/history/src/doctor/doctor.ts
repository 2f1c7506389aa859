// `rollcall doctor`: looks at everything that the services need, says what is wrong and what to do. Invariant: every look is told,
// one that cannot be done as well; exit code 1 exactly when something would keep a service from working.
import { LogUnavailableError } from '#libs/event-log';
import { ConfigurationError, type Configuration } from '#libs/runtime';
import { Failure } from '../failure.js';
import { withLog, type Surroundings } from '../surroundings.js';
import { examineConfiguration, examineDisk, examineTopics } from './checks.js';
import { examined, fail, todoFor, type Examinable, type Finding } from './finding.js';
import { examineKafka } from './kafka-checks.js';

export interface Consultation {
  readonly surroundings: Surroundings;
  /** Throws what is wrong with it. */
  readonly configuration: () => Configuration;
  readonly pause: (ms: number) => Promise<void>;
}

export async function examine({ surroundings, configuration, pause }: Consultation): Promise<readonly Finding[]> {
  let read: Configuration;
  try {
    read = configuration();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map((fault) => fail('configuration', fault, 'rollcall config lists every variable'));
  }
  const findings = [...examineConfiguration(surroundings.environment, read)];
  try {
    await withLog(surroundings, read, 'read', async (log: Examinable) => {
      findings.push(...(await examined('topics', () => examineTopics(log, read))));
      if (read.kafka === undefined) findings.push(...(await examined('disk', () => examineDisk(read))));
      else findings.push(...(await examineKafka({ log, configuration: read, pause })));
    });
  } catch (error) {
    findings.push(unreachable(error, read));
  }
  return findings;
}

function unreachable(error: unknown, { kafka, dataDirectory }: Configuration): Finding {
  if (!(error instanceof Error)) throw error;
  if (kafka === undefined) {
    if (!(error instanceof LogUnavailableError) && !(error instanceof Failure)) throw error;
    return fail(
      'log',
      `${dataDirectory} cannot be read: ${error.message}`,
      'npm start makes it; or set DATA_DIR, or KAFKA_BROKERS',
    );
  }
  return fail('brokers', `none of ${kafka.brokers.join(', ')} can be used: ${error.message}`, todoFor(error.message));
}

const MARKS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;

export function report(findings: readonly Finding[]): string {
  const lines = findings.map(({ check, outcome, says, todo }) => {
    const line = `${MARKS[outcome]}  ${check}: ${says}\n`;
    return todo === undefined ? line : `${line}      → ${todo}\n`;
  });
  const [fails, warns] = [count(findings, 'fail'), count(findings, 'warn')];
  const summary =
    fails === 0 ? 'Nothing keeps the services from working' : `${fails} found that keep services from working`;
  return `${lines.join('')}${summary}${warns === 0 ? '' : `; ${warns} to know about`}.\n`;
}

export function count(findings: readonly Finding[], outcome: Finding['outcome']): number {
  return findings.filter((finding) => finding.outcome === outcome).length;
}
