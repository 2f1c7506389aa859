// The bridge's metrics by name, with their help texts. Invariant: nothing is labelled by user or room.
import { counter, type Meters } from '#libs/runtime';

export const BRIDGE_CATALOGUE = {
  transactions: counter(
    'rollcall_bridge_transactions_total',
    'Transactions of the homeserver: taken, repeated, failed',
    ['outcome'],
  ),
  records: counter('rollcall_bridge_records_total', 'Records made durable for the homeserver', ['topic']),
  broken: counter('rollcall_bridge_broken_events_total', 'Events that could not be read and were passed by'),
  overtaken: counter(
    'rollcall_bridge_overtaken_events_total',
    'Memberships and join rules that came after a newer word of the same, and were passed by',
  ),
  refused: counter('rollcall_bridge_refused_total', 'Requests with another token than the registration has'),
} as const;

export type BridgeMeters = Meters<typeof BRIDGE_CATALOGUE>;
