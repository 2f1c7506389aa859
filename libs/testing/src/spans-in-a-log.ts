// A record where a log's reader finds it: key and value among other bytes, so that whoever reads past their ends reads something.
// Invariant: what lies behind could go on with it (a quote and a brace), so that reading too far is found out.
import type { RecordSpans } from '#libs/contracts';

const utf8 = new TextEncoder();
const BEFORE = '{"';
const BEHIND = '"}';

export function spansInALog(key: string, value: string): RecordSpans {
  const bytes = utf8.encode(`${BEFORE}${key}${value}${BEHIND}`);
  const keyStart = BEFORE.length;
  const keyEnd = keyStart + utf8.encode(key).length;
  const valueEnd = bytes.length - BEHIND.length;
  return { keyBytes: bytes, keyStart, keyEnd, valueBytes: bytes, valueStart: keyEnd, valueEnd };
}
