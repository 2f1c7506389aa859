// What is taken for a trace context, and what counts as none (W3C Trace Context, section 3.2 and 4).
import { readTraceparent, tracedHeaders } from './traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

it.each([
  ['as it is', GOOD, GOOD],
  ['not sampled', `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
  ['of a later version, which may say more', `cc-${TRACE}-${SPAN}-01-what-comes`, GOOD],
  ['of a later version that says no more', `01-${TRACE}-${SPAN}-01`, GOOD],
])('a traceparent is read: %s', (_name, text, read) => {
  expect(readTraceparent(text)).toBe(read);
});

it.each([
  ['nothing', undefined],
  ['two headers', [GOOD, GOOD]],
  ['two headers in one', `${GOOD}, ${GOOD}`],
  ['the version that is forbidden', `ff-${TRACE}-${SPAN}-01`],
  ['more than version 00 has', `${GOOD}-more`],
  ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['capitals', GOOD.toUpperCase()],
  ['too short', GOOD.slice(0, -1)],
  ['more behind it without a hyphen', `01${GOOD.slice(2)}x`],
  ['too long', `01-${TRACE}-${SPAN}-01-${'x'.repeat(600)}`],
])('what is no traceparent is none: %s', (_name, given) => {
  expect(readTraceparent(given)).toBeUndefined();
});

it('records carry it as a header, or have none', () => {
  expect(tracedHeaders(GOOD)).toEqual({ traceparent: GOOD });
  expect(tracedHeaders(undefined)).toBeUndefined();
});
