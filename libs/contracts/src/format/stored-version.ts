// One stored version of one record type: its schema, compiled once, and how it reads. Invariant: a reader gives what
// the newest code works with, so every version is its own upcaster, and an old one is never edited. It stands apart so
// that a version is one small file with its golden bytes in `golden/`.
import { type Static, type TObject } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { type Decoded, decoded, undecodable } from './decoded.js';
import { explain } from './explain.js';

export interface StoredVersion<T> {
  readonly schema: TObject;
  /** `value` is what the text held; the type and version have been looked at already. */
  decode(value: unknown): Decoded<T>;
}

/** All versions of a record type; index 0 is version 1. */
export type StoredVersions<T> = readonly [StoredVersion<T>, ...StoredVersion<T>[]];

export function storedVersion<S extends TObject, T>(schema: S, read: (stored: Static<S>) => T): StoredVersion<T> {
  const check = TypeCompiler.Compile(schema);
  return {
    schema,
    decode: (value) => (check.Check(value) ? decoded(read(value)) : undecodable(explain(check.Errors(value)))),
  };
}
