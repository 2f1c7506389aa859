// A client of the broker for the benchmark itself: it creates nothing and only looks. The one file here that names the adapter.
import type { EventLog } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';

export function openBenchLog(brokers: string): Promise<EventLog> {
  return KafkaEventLog.connect({ brokers: brokers.split(','), clientId: 'rollcall-bench' });
}
