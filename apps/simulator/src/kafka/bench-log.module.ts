// Clients of a log for the benchmark itself, which create nothing and only look. The one file here that names adapters.
import type { EventLog } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { KafkaEventLog } from '#libs/event-log-kafka';

export function openBenchLog(brokers: string): Promise<EventLog> {
  return KafkaEventLog.connect({ brokers: brokers.split(','), clientId: 'rollcall-bench' });
}

/** Beside the process that holds it. */
export function openEmbeddedBenchLog(directory: string): Promise<EventLog> {
  return EmbeddedEventLog.open({ directory, readOnly: true });
}
