// JSON lines as a person at a terminal reads them: time, level, part, message, and the rest as name=value. Invariant: it
// only shows what the line holds; scrubbing happened before.

import type { DestinationStream } from 'pino';

const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001b[2m',
  info: '',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};
const PLAIN = '\u001b[0m';

export function readableLines(write: (text: string) => void): DestinationStream {
  return {
    write: (line) => {
      write(readable(line));
    },
  };
}

export function readable(line: string): string {
  const { level, time, part, msg, error, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const fields = Object.entries(rest).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = stackOf(error);
  const colour = COLOURS[String(level)] ?? '';
  return `${colour}${clock} ${String(level).padEnd(5)} ${String(part)}: ${String(msg)}${fields.join('')}${stack}${colour === '' ? '' : PLAIN}\n`;
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('stack' in error)) return '';
  return `\n${String(error.stack)}`;
}
