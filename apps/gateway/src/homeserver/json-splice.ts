// Changes a JSON object while it streams by: one string member is replaced, one member is dropped, new ones are put in front.
// Invariant: every other byte of a member passes as it came, in pieces of any size and in memory that does not grow with the
// body; what is no JSON object passes untouched. It stands apart because a first sync may have hundreds of megabytes.

export interface SpliceOptions {
  /** The member whose string value is replaced, such as `next_batch`. */
  readonly tokenKey: string;
  /** The new value for the one that came. */
  readonly replaceToken: (token: string) => string;
  /** A member of the body that ours takes the place of. */
  readonly dropKey?: string;
  /** Members put in front, as JSON text without braces, such as `"presence":{"events":[…]}`; '' = none. */
  readonly front: string;
  /** Members that are remembered besides being sent on; see `captured`. */
  readonly captureKeys?: readonly string[];
  /** Members put in front inside the object that this key holds (made if there is none); instead of at the top. */
  readonly frontInside?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = [0x7b, 0x5b];
const CLOSE = [0x7d, 0x5d];
const SPACES = [0x20, 0x09, 0x0a, 0x0d];
/** No homeserver has longer tokens. */
const MAX_TOKEN_BYTES = 64 * 1024;
const MAX_CAPTURED_BYTES = 4 * 1024;

type Place = 'start' | 'before-key' | 'key' | 'before-value' | 'value' | 'after' | 'untouched';

export class JsonSplice {
  #place: Place = 'start';
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  /** Bytes of a key, or of a token's value, seen so far. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #key = '';
  #hasMembers = false;
  #didFront = false;
  /** Behind members of ours inside an object: a comma comes, unless the object ends. */
  #awaitsComma = false;
  #out: (Buffer | string)[] = [];
  readonly #captured: string[] = [];
  #token: string | undefined;

  constructor(private readonly options: SpliceOptions) {}

  /** What may be sent on of the body after another piece of it. */
  push(chunk: Buffer): (Buffer | string)[] {
    this.#out = [];
    let at = 0;
    while (at < chunk.length) at = this.#step(chunk, at);
    return this.#out;
  }

  /** The token that came, once it has. */
  get token(): string | undefined {
    return this.#token;
  }

  /** The members of `captureKeys` as JSON text without braces; long ones are left out. */
  get captured(): string {
    return this.#captured.join(',');
  }

  /** Consumes some bytes from `at` on; the index of the next. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#place) {
      case 'start':
        return this.#start(chunk, at);
      case 'before-key':
        return this.#beforeKey(chunk, at);
      case 'key':
        return this.#inKey(chunk, at);
      case 'before-value':
        return this.#beforeValue(chunk, at);
      case 'value':
        return this.#inValue(chunk, at);
      default:
        this.#out.push(chunk.subarray(at));
        return chunk.length;
    }
  }

  #start(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    if (SPACES.includes(byte)) return at + 1;
    if (byte !== OPEN[0]) {
      this.#place = 'untouched';
      return at;
    }
    this.#out.push('{');
    if (this.options.front !== '' && this.options.frontInside === undefined) this.#member(this.options.front);
    this.#place = 'before-key';
    return at + 1;
  }

  /** A member of ours, or the beginning of one of theirs. */
  #member(text: string): void {
    this.#out.push(this.#hasMembers ? `,${text}` : text);
    this.#hasMembers = true;
  }

  #beforeKey(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    if (byte === QUOTE) {
      this.#place = 'key';
      this.#isString = true;
      this.#hold();
    } else if (byte === CLOSE[0]) {
      this.#end();
      this.#out.push('}');
      this.#place = 'after';
    }
    return at + 1;
  }

  #end(): void {
    const { front, frontInside } = this.options;
    if (frontInside !== undefined && front !== '' && !this.#didFront) this.#member(`"${frontInside}":{${front}}`);
  }

  #inKey(chunk: Buffer, at: number): number {
    const next = this.#stringEnd(chunk, at);
    this.#keep(chunk.subarray(at, next));
    if (this.#isString) return next;
    // Held with its closing quote.
    const text = Buffer.concat(this.#held).toString('utf8');
    this.#key = text.slice(0, -1);
    if (this.#key !== this.options.dropKey) this.#member(`"${text}:`);
    this.#place = 'before-value';
    return next;
  }

  #beforeValue(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    if (byte === COLON || SPACES.includes(byte)) return at + 1;
    this.#place = 'value';
    this.#depth = 0;
    this.#hold();
    const { frontInside, front } = this.options;
    if (this.#key !== frontInside || front === '' || byte !== OPEN[0]) return at;
    this.#didFront = true;
    this.#depth = 1;
    this.#out.push(`{${front}`);
    this.#awaitsComma = true;
    return at + 1;
  }

  #inValue(chunk: Buffer, at: number): number {
    if (this.#awaitsComma) {
      const byte = chunk[at] ?? 0;
      if (SPACES.includes(byte)) return at + 1;
      this.#awaitsComma = false;
      if (byte !== CLOSE[0]) this.#out.push(',');
    }
    const next = this.#valueEnd(chunk, at);
    const part = chunk.subarray(at, next);
    const { tokenKey, dropKey, captureKeys = [] } = this.options;
    const isToken = this.#key === tokenKey;
    const isCaptured = captureKeys.includes(this.#key);
    if (isToken || (isCaptured && this.#heldBytes <= MAX_CAPTURED_BYTES)) this.#keep(part);
    if (!isToken && this.#key !== dropKey) this.#out.push(part);
    if (next === chunk.length) return next;
    if (isToken) this.#out.push(this.#replaced(Buffer.concat(this.#held).toString('utf8')));
    else if (isCaptured && this.#heldBytes <= MAX_CAPTURED_BYTES)
      this.#captured.push(`${JSON.stringify(this.#key)}:${Buffer.concat(this.#held).toString('utf8').trim()}`);
    this.#place = 'before-key';
    return next;
  }

  #replaced(text: string): string {
    const token = this.#heldBytes > MAX_TOKEN_BYTES ? undefined : stringIn(text);
    this.#token = token;
    return token === undefined ? text : JSON.stringify(this.options.replaceToken(token));
  }

  /** Where the value of a member ends: at its comma or the object's brace; the chunk's length = not in this chunk. */
  #valueEnd(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#isString) {
        at = this.#stringEnd(chunk, at);
        continue;
      }
      const byte = chunk[at];
      if (byte === QUOTE) this.#isString = true;
      else if (byte === OPEN[0] || byte === OPEN[1]) this.#depth += 1;
      else if (byte === CLOSE[0] || byte === CLOSE[1]) {
        if (this.#depth === 0) return at;
        this.#depth -= 1;
      } else if (byte === COMMA && this.#depth === 0) return at;
      at += 1;
    }
    return at;
  }

  /** Behind the closing quote of a string that has begun, which it then is no more; or the chunk's length. */
  #stringEnd(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at];
      at += 1;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#isString = false;
        return at;
      }
    }
    return at;
  }

  #hold(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #keep(part: Buffer): void {
    this.#held.push(part);
    this.#heldBytes += part.length;
  }
}

function stringIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // Not a string after all: it is sent on as it came.
    return undefined;
  }
}
