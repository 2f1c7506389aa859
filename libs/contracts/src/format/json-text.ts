// Records as JSON text, written piece by piece. Invariant: what comes out is, to the byte, what JSON.stringify makes of the
// same fields in the same order, undefined ones left out (a property test compares them). It stands apart because the
// aggregator writes three records a change, and building objects only to have them read again cost it half of that.

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A string with its quotes. */
export function textJson(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** `,"name":"text"`; nothing when it is absent. */
export function textField(name: string, text: string | undefined): string {
  return text === undefined ? '' : `,"${name}":${textJson(text)}`;
}

/** `,"name":number`; nothing when it is absent. Only for finite numbers. */
export function numberField(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${value}`;
}
