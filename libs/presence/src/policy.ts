// The timings of presence (semantics.md section 7). Invariant: a policy in use has passed `policyFaults`.

/** Spans in milliseconds. */
export interface Policy {
  /** Without a pro-active event for so long, a device that we watch counts as unavailable. */
  readonly idleAfterMs: number;
  /** A pro-active event makes its user `currently_active` for so long. */
  readonly activeForMs: number;
  /** Grace after the end of the last poll, and the span of a PUT. */
  readonly offlineAfterMs: number;
  /** The span of a PUT `busy`. */
  readonly busyOfflineAfterMs: number;
  /** A longer lease is cut to this, and so is every `agoMs`. */
  readonly maxLeaseMs: number;
}

export const DEFAULT_POLICY: Policy = {
  idleAfterMs: 300_000,
  activeForMs: 60_000,
  offlineAfterMs: 30_000,
  busyOfflineAfterMs: 3_600_000,
  maxLeaseMs: 600_000,
};

/** Sentences, one per broken relation, in the names of the policy's fields; empty = the policy holds. */
export function policyFaults(policy: Policy): string[] {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(policy) as [keyof Policy, number][]) {
    if (!Number.isSafeInteger(value) || value <= 0) faults.push(`${name} must be a whole number of milliseconds > 0, not ${value}`);
  }
  if (!(policy.idleAfterMs > policy.activeForMs)) {
    faults.push(`idleAfterMs (${policy.idleAfterMs}) must be greater than activeForMs (${policy.activeForMs})`);
  }
  if (!(policy.busyOfflineAfterMs >= policy.offlineAfterMs)) {
    faults.push(`busyOfflineAfterMs (${policy.busyOfflineAfterMs}) must be at least offlineAfterMs (${policy.offlineAfterMs})`);
  }
  return faults;
}
