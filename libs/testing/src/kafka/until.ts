// Waiting in tests: polls until something holds, and says what was last seen when it never does. Nothing sleeps for a
// result.

const POLL_MS = 10;

export async function until<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean, limitMs = 20_000): Promise<T> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadlineMs) throw new Error(`not so in ${limitMs} ms; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
