// DescribeTransactions, version 0: how far the coordinator is with a transaction. kafkajs does not have it. Committing is
// answered when it is decided; only when the state is no longer PrepareCommit are the markers written and readers see it.
import { ByteReader, ByteWriter } from './bytes.js';
import { errorOfCode } from './faults.js';
import type { WireRequest } from './link.js';

const NO_TAGS = 0;

function decode(bytes: Buffer): { clientSideThrottleTime: number; decoded: string } {
  const reader = new ByteReader(bytes);
  reader.skipTags();
  const clientSideThrottleTime = reader.int32();
  reader.unsigned();
  const errorCode = reader.int16();
  if (errorCode !== 0) throw errorOfCode(errorCode);
  reader.compactString();
  return { clientSideThrottleTime, decoded: reader.compactString() ?? '' };
}

/** Answers with the state's name, such as Ongoing, PrepareCommit, CompleteCommit. */
export const describeTransactionRequest = (transactionalId: string): WireRequest<string> => ({
  request: {
    apiKey: 65,
    apiVersion: 0,
    apiName: 'DescribeTransactions',
    encode: async () =>
      new ByteWriter().unsigned(NO_TAGS).unsigned(2).compactString(transactionalId).unsigned(NO_TAGS).done(),
  },
  response: { decode: async (bytes) => decode(bytes), parse: async ({ decoded }) => decoded },
});
