// What an examination finds: a sentence that says what is, and for whatever is wrong one that says what to do. Invariant: `fail` is
// what keeps a service from working; `warn` is what an operator should know; nothing found is no finding at all.
import type { EventLog } from '#libs/event-log';

export interface Finding {
  /** Such as `topics`. */
  readonly check: string;
  readonly outcome: 'ok' | 'warn' | 'fail';
  readonly says: string;
  /** Absent only when all is well. */
  readonly todo?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, outcome: 'ok', says });
export const warn = (check: string, says: string, todo: string): Finding => ({ check, outcome: 'warn', says, todo });
export const fail = (check: string, says: string, todo: string): Finding => ({ check, outcome: 'fail', says, todo });

export type Tried =
  { readonly sentMs: number; readonly appendedMs: number; readonly answeredMs: number } | { readonly error: Error };

export interface OpenTransaction {
  readonly topic: string;
  readonly partition: number;
  readonly stableEnd: number;
}

/** A log that can be examined beyond the port: Kafka's adapter. What a log cannot tell is not asked. */
export interface Examinable extends EventLog {
  rehearse?(transactionalId: string, topics: readonly string[]): Promise<ReadonlyMap<string, Tried>>;
  openTransactions?(topics: readonly string[]): Promise<readonly OpenTransaction[]>;
  examineBrokers?(): Promise<readonly { readonly address: string; readonly lacks: readonly string[] }[]>;
}

/** One that lasts: an examination goes on where a part of it cannot be done, and says so. */
export async function examined(check: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    return [fail(check, `could not be examined: ${sentence}`, todoFor(sentence))];
  }
}

/** What to do about a fault in the log's own words. */
export function todoFor(sentence: string): string {
  if (/authoriz/i.test(sentence))
    return 'give this principal that right (rollcall topics rights --help), or set KAFKA_SASL_USERNAME to one that has it';
  if (/authentic|SASL|credential/i.test(sentence))
    return 'look at KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';
  if (/certificate|TLS|SSL/i.test(sentence)) return 'look at KAFKA_SSL and KAFKA_SSL_CA';
  if (/exist/i.test(sentence)) return 'npm run -s rollcall -- topics create';
  return 'look at the brokers (are they up, do they have their replicas?) and at KAFKA_BROKERS';
}
