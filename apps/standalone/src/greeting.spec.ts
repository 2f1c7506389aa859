// What `npm start` prints, for each way of running it.

import { readConfiguration, type RunningProcess } from '#libs/runtime';
import { greeting } from './greeting.js';

function printed(url: string, environment: Record<string, string>): string {
  const { configuration } = readConfiguration(environment, 'standalone');
  return greeting({ url, surroundings: { configuration } } as unknown as RunningProcess).join('\n');
}

describe('the greeting', () => {
  it('offers two lines of a user where development tokens are accepted', () => {
    const text = printed('http://127.0.0.1:8090', { DATA_DIR: '/srv/rollcall' });
    expect(text).toContain('Rollcall serves on http://127.0.0.1:8090');
    expect(text).toContain('The log is in /srv/rollcall');
    expect(text).toContain('See it live: http://127.0.0.1:8090/');
    expect(printed('http://127.0.0.1:8090', { DEMO: 'true' })).toContain('a simulated town is awake');
    expect(text.match(/^ {2}curl .*dev\|@alice:localhost\|PHONE.*$/gm)).toHaveLength(2);
  });

  it.each([{ ADMIN_TOKEN: 'x' }, { HTTP_HOST: '0.0.0.0' }, { WHOAMI_URL: 'http://hs' }])(
    'offers two lines of anybody with %j',
    (environment) => {
      const text = printed('http://0.0.0.0:8090', environment);
      expect(text).not.toContain('dev|');
      expect(text.match(/^ {2}curl 'http:\/\/127\.0\.0\.1:8090\/[^']+'$/gm)).toHaveLength(2);
    },
  );

  it('says why no user can ask', () => {
    expect(printed('http://h:1', { ADMIN_TOKEN: 'x' })).toContain('no user can ask: set STATIC_TOKENS_FILE');
    expect(printed('http://h:1', { WHOAMI_URL: 'http://hs' })).not.toContain('no user can ask');
  });

  it('says on which brokers the log lies', () => {
    const text = printed('http://h:1', { KAFKA_BROKERS: 'a:1,b:2', HOMESERVER_URL: 'http://hs', TOPIC_PREFIX: 'p.' });
    expect(text).toContain('The log is on Kafka at a:1, b:2, in topics that begin with p.');
  });
});
