// The grammars of the appendices, "Identifier Grammar", case by case.
import { isDeviceId, isRoomId, isServerName, isUserId, serverNameOf } from './index.js';

const bytesOf = (count: number): string => `@${'a'.repeat(count - 4)}:hs`;

describe('user ids', () => {
  test.each([
    '@alice:example.org',
    '@a:hs',
    '@a.b_c=d-e/f+g:matrix.org:8448',
    '@a:1.2.3.4:80',
    '@a:[1234:5678::abcd]:5678',
    '@a:[::1]',
    '@Alice:HS',
    '@a b!"#$%&\'()*,;<>?@[\\]^`{|}~:hs',
    '@ünïcode😀:hs',
    '@line\nbreak:hs',
    bytesOf(255),
  ])('%j is one', (text) => {
    expect(isUserId(text)).toBe(true);
  });

  test.each([
    '',
    '@',
    'alice',
    '@alice',
    'alice:hs',
    '@:hs',
    '@a:',
    '@a:h s',
    '@a:h_s',
    '@a:hs/',
    '@a:hs:',
    '@a:hs:123456',
    '@a:hs:8x',
    '@a:b:c',
    '@a:[zz::]',
    '@a:[::1',
    '@a:häuser',
    '@nul\0:hs',
    '@lone\ud800:hs',
    '@lone\udc00\ud800:hs',
    '!a:hs',
    ' @a:hs',
    '@a:hs ',
    '@a:hs\n',
    bytesOf(256),
    `@${'é'.repeat(126)}:hs`,
    `@a:${'h'.repeat(256)}`,
  ])('%j is none', (text) => {
    expect(isUserId(text)).toBe(false);
  });

  test('255 bytes are counted in UTF-8', () => {
    expect(isUserId(`@${'é'.repeat(125)}a:hs`)).toBe(true);
    expect(isUserId(`@${'é'.repeat(125)}ab:hs`)).toBe(false);
  });

  test('the server is what follows the first colon', () => {
    const userId = '@a:[::1]:8448';
    expect(isUserId(userId) && serverNameOf(userId)).toBe('[::1]:8448');
  });
});

describe('room ids', () => {
  test.each(['!r:hs', '!opaque|bar:hs:80', '!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM', '!é:hs'])(
    '%j is one',
    (text) => {
      expect(isRoomId(text)).toBe(true);
    },
  );

  test.each([
    '',
    '!',
    'r:hs',
    '#r:hs',
    '@a:hs',
    '!:hs',
    '!r:',
    '!r|x',
    '!nul\0:hs',
    '!r s',
    '!\ud800:hs',
    `!${'a'.repeat(255)}`,
  ])('%j is none', (text) => {
    expect(isRoomId(text)).toBe(false);
  });
});

test('a device id is any text but the empty one', () => {
  expect([isDeviceId('_'), isDeviceId(''), isDeviceId('\0')]).toEqual([true, false, true]);
});

test('server names', () => {
  expect(['hs', 'a.b-c', '1.2.3.4', '[::]:1'].every(isServerName)).toBe(true);
  expect(['', 'a_b', 'a:', '[]', ':80'].some(isServerName)).toBe(false);
});
