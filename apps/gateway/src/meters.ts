// What the gateway counts. Invariant: nothing is labelled by user, token or room.
import { counter, gauge, histogram, type Metrics, type Meters } from '#libs/runtime';

export const GATEWAY_METERS = {
  requests: counter('rollcall_gateway_requests_total', 'HTTP requests answered, by door and status.', [
    'door',
    'status',
  ]),
  seconds: histogram('rollcall_gateway_put_seconds', 'Time of a PUT from request to durable and visible.'),
  waiting: gauge('rollcall_gateway_waiting', 'Long polls and streams that wait now.'),
  sessions: gauge('rollcall_gateway_sessions', 'Poll loops and streams kept as sessions.'),
  snapshots: counter('rollcall_gateway_snapshots_total', 'Answers made of the views, by reason.', ['reason']),
  notDurable: counter('rollcall_gateway_not_durable_total', 'Writes that could not be made durable in time.'),
  brokenFrames: gauge('rollcall_gateway_broken_frames', 'Records of deliveries that could not be read.'),
} as const;

export type GatewayMeters = Meters<typeof GATEWAY_METERS>;

export function gatewayMeters(metrics: Metrics): GatewayMeters {
  return metrics.meters(GATEWAY_METERS);
}
