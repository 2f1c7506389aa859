// The header by which a copied record of changes, memberships and rooms says where it was before. Invariant: of one partition
// of the old topic, copied records stand in their old order, so that the largest offset found says where a copy goes on. What
// such a record says of input offsets (`cause`, `applied`) is said of the inputs of the log that it came from.

export const COPIED_FROM = 'copied-from';

/** In the topic of the same kind of the log that was copied. */
export interface CopiedFrom {
  readonly partition: number;
  readonly offset: number;
}

export function writtenCopiedFrom({ partition, offset }: CopiedFrom): string {
  return `${partition}:${offset}`;
}

/** undefined = the record was written here, by its own writer. */
export function copiedFrom(headers: Readonly<Record<string, string>> | undefined): CopiedFrom | undefined {
  const match = /^(\d{1,9}):(\d{1,15})$/.exec(headers?.[COPIED_FROM] ?? '');
  return match === null ? undefined : { partition: Number(match[1]), offset: Number(match[2]) };
}
