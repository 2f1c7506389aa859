// Planted secrets, addresses and paths, put together from halves because this file is committed text itself.
import { checkCommittedText } from './committed-text.js';
import { foundIn } from './planted.js';

const planted: readonly string[] = [
  ['-----BEGIN RSA PRIV', 'ATE KEY-----'],
  ['gh', 'p_abcdefghijklmnopqrstuvwxyz0123456789'],
  ['AKI', 'AABCDEFGHIJKLMNOP'],
  ['//host/:_auth', 'Token=abc'],
  ['regis', 'try=https://example.org/npm'],
  ['see https://regis', 'try.npmjs.org/lmdb'],
  ['"resol', 'ved": "https://example.org/lmdb.tgz"'],
  ['open /ro', 'ot/project/x'],
  ['open /ho', 'me/alice/x'],
  ['open /Us', 'ers/alice/x'],
  ['cd /wo', 'rk/main'],
].map((halves) => halves.join(''));

describe('committed text', () => {
  it.each(planted)('holds no %s', (text) => {
    expect(foundIn(checkCommittedText, 'libs/views/README.md', `first line\n${text}\n`)).toEqual(['committed-text']);
  });

  it.each(['https://example.org/work/', 'WORKDIR /home/node/app', '../root/x', 'ghost', 'network/interface'])(
    'may hold %s',
    (text) => {
      expect(foundIn(checkCommittedText, 'libs/views/README.md', text)).toEqual([]);
    },
  );
});
