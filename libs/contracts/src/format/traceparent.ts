// W3C trace context (https://www.w3.org/TR/trace-context/) as records and requests carry it: one line, in the header
// `traceparent`. Invariant: what is not one counts as none; no record and no request is ever refused for it.

export const TRACEPARENT = 'traceparent';

/** Version, trace, span, flags; a later version may say more behind them. Neither id may be all zeros. */
const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;
const LENGTH = 55;
const LONGEST = 512;

/** As it is passed on: of version 00, without what a later version may have added. undefined = none. */
export function readTraceparent(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length < LENGTH || text.length > LONGEST || !FORM.test(text)) return undefined;
  if (text.length > LENGTH && text.startsWith('00')) return undefined;
  return `00${text.slice(2, LENGTH)}`;
}

/** Of a record that carries one. */
export function tracedHeaders(traceparent: string | undefined): { readonly traceparent: string } | undefined {
  return traceparent === undefined ? undefined : { traceparent };
}
