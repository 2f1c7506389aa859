// Waiting in the page. Invariant: the only place that waits for time to pass and nothing else.

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
