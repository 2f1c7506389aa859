// Reading and writing the fields of Kafka's protocol for the requests that we encode ourselves: old style (int16 and
// int32 lengths) and flexible style (varint lengths plus one, tagged fields).
import { int64 } from '../records/decode.js';

export class ByteReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  int8(): number {
    this.at += 1;
    return this.bytes.readInt8(this.at - 1);
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return int64(this.bytes, this.at - 8);
  }

  take(length: number): Buffer {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  string(): string {
    return this.take(this.int16()).toString();
  }

  array<T>(element: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, element);
  }

  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  compactString(): string | null {
    const length = this.unsigned() - 1;
    return length < 0 ? null : this.take(length).toString();
  }

  compactArray<T>(element: () => T): T[] {
    return Array.from({ length: Math.max(0, this.unsigned() - 1) }, element);
  }

  skipTags(): void {
    for (let tags = this.unsigned(); tags > 0; tags -= 1) {
      this.unsigned();
      this.take(this.unsigned());
    }
  }
}

export class ByteWriter {
  readonly #parts: Buffer[] = [];

  int8(value: number): this {
    this.#parts.push(Buffer.from([value & 0xff]));
    return this;
  }

  int16(value: number): this {
    const part = Buffer.allocUnsafe(2);
    part.writeInt16BE(value);
    return this.bytes(part);
  }

  int32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    return this.bytes(part);
  }

  int64(value: number): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(BigInt(value));
    return this.bytes(part);
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const part = Buffer.from(value);
    return this.int16(part.length).bytes(part);
  }

  bytes(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }

  unsigned(value: number): this {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.int8((rest % 0x80) | 0x80);
    return this.int8(rest);
  }

  compactString(value: string): this {
    const part = Buffer.from(value);
    return this.unsigned(part.length + 1).bytes(part);
  }

  /** As kafkajs wants a request's body. */
  done(): { buf: Buffer; buffer: Buffer } {
    const buffer = Buffer.concat(this.#parts);
    return { buf: buffer, buffer };
  }
}
