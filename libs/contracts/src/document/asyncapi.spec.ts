// The document is valid AsyncAPI 3 by the reference parser, and says of records what the decoders say.
import { Parser } from '@asyncapi/parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isRoomId, isUserId } from '#libs/matrix';
import { TOPIC_WORDS, asyncApiDocument, decodeActivity, encodeActivity, recordSchemas } from '../index.js';

async function faultsOf(document: object): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics
    .filter(({ severity }) => severity === 0)
    .map(({ message, path }) => `${path.join('.')}: ${message}`);
}

test('the document is valid AsyncAPI 3', async () => {
  expect(await faultsOf(asyncApiDocument('presence.'))).toEqual([]);
});

test('the validation fails for a document that is broken', async () => {
  const document = asyncApiDocument('presence.') as Record<string, unknown>;
  expect(
    await faultsOf({ ...document, operations: { lost: { action: 'send', channel: { $ref: '#/channels/none' } } } }),
  ).not.toEqual([]);
});

test('every channel says what stands in its records and headers', () => {
  const { channels, components } = asyncApiDocument('my.') as {
    channels: Record<string, { messages: Record<string, { $ref: string }> }>;
    components: { messages: Record<string, { headers?: { properties: object } }> };
  };
  const without = Object.keys(channels).filter((word) => Object.keys(channels[word]?.messages ?? {}).length === 0);
  // Snapshots are nobody's business but ours until they are written.
  expect(without.filter((word) => word !== 'snapshots')).toEqual([]);
  expect(Object.keys(components.messages['rejected']?.headers?.properties ?? {})).toEqual(
    expect.arrayContaining(['reason', 'topic', 'partition', 'offset']),
  );
});

test('every topic is a channel under the prefix', () => {
  const { channels } = asyncApiDocument('my.') as { channels: Record<string, { address: string }> };
  expect(
    Object.values(channels)
      .map(({ address }) => address)
      .sort(),
  ).toEqual([...TOPIC_WORDS.map((word) => `my.${word}`), 'my.to.{recipient}'].sort());
});

test('the JSON Schemas judge records as the decoders do', () => {
  const ajv = new Ajv2020({
    strict: false,
    formats: { 'matrix-user-id': isUserId, 'matrix-room-id': isRoomId, 'status-message': true },
  });
  const { schema } = recordSchemas().find(({ type }) => type === 'device.active') ?? { schema: {} };
  const check = ajv.compile(schema);
  const value = encodeActivity({ userId: '@a:hs', input: { type: 'device.active', deviceId: 'D' } });
  for (const text of [value, value.replace('"D"', 'null'), value.replace('"D"', '""'), value.replace('@a:hs', 'a')]) {
    expect([text, check(JSON.parse(text))]).toEqual([text, decodeActivity(text, '@a:hs').ok]);
  }
});
