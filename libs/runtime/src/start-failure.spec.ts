// Each way in which a start fails, as its operator reads it.

import { LogForbiddenError, LogHeldError, LogUnavailableError, TopicMismatchError } from '#libs/event-log';
import { ConfigurationError, readConfiguration } from './configuration/read.js';
import { explainStart } from './start-failure.js';

const { configuration } = readConfiguration({ DATA_DIR: '/srv/rollcall', HTTP_PORT: '80' }, 'standalone');
const fault = (code: string, more: Partial<NodeJS.ErrnoException> = {}): Error =>
  Object.assign(new Error(code), { code, ...more });

describe('a failed start', () => {
  it.each([
    [fault('EADDRINUSE'), 'HTTP_PORT is 80, and another process listens there on 127.0.0.1'],
    [fault('EADDRNOTAVAIL'), 'HTTP_HOST is "127.0.0.1", which is no address of this machine'],
    [fault('ENOTFOUND'), 'HTTP_HOST is "127.0.0.1", a name that cannot be found'],
    [fault('EACCES', { syscall: 'listen' }), 'HTTP_PORT is 80, which this user may not listen on'],
    [
      fault('EACCES', { path: '/srv/rollcall/x' }),
      'DATA_DIR is "/srv/rollcall", and /srv/rollcall/x may not be written by this user.',
    ],
    [fault('EROFS'), 'DATA_DIR is "/srv/rollcall", and /srv/rollcall is on a file system that is read-only.'],
    [fault('ENOSPC'), 'DATA_DIR is "/srv/rollcall", and no space is left for /srv/rollcall.'],
    [fault('ENOTDIR', { path: '/srv' }), 'DATA_DIR is "/srv/rollcall", and /srv is no directory.'],
    [new LogHeldError('held by process 7'), 'held by process 7'],
    [new LogForbiddenError('describing p.states: not authorized'), 'describing p.states: not authorized. Kafka knows'],
  ])('%s is a sentence', (error, sentence) => {
    const explained = explainStart(error, configuration);
    expect(explained.text).toContain(sentence);
    expect(explained.text).not.toContain('\n');
    expect(explained.isConfiguration).toBe(false);
  });

  it.each([
    new ConfigurationError(['A is wrong.']),
    new Error('STATIC_TOKENS_FILE is not JSON'),
    new Error('STATIC_TOKENS_FILE: entry 1'),
  ])("%s is the configuration's", (error) => {
    expect(explainStart(error, configuration)).toEqual({ text: error.message, isConfiguration: true });
  });

  it('names the brokers when the log is out of reach', () => {
    const kafka = { brokers: ['one:9092', 'two:9092'], clientId: 'rollcall' };
    const { text } = explainStart(new LogUnavailableError('no answer'), { ...configuration, kafka });
    expect(text).toBe('KAFKA_BROKERS is "one:9092,two:9092", and none of them can be used now: no answer');
    const secured = { ...configuration, kafka: { ...kafka, ssl: {} } };
    expect(explainStart(new LogUnavailableError('no answer'), secured).text).toBe(
      `${text} (KAFKA_SSL is in force: do they speak TLS on that port?)`,
    );
  });

  it('names the directory of a log that cannot be opened, and what of it is in the way', () => {
    const cause = fault('EACCES', { path: '/srv/rollcall' });
    expect(explainStart(new LogUnavailableError('Cannot create the log', { cause }), configuration).text).toBe(
      'DATA_DIR is "/srv/rollcall", and /srv/rollcall may not be written by this user.',
    );
    expect(explainStart(new LogUnavailableError('it is closed'), configuration).text).toBe(
      'DATA_DIR is "/srv/rollcall", which cannot be used now: it is closed',
    );
  });

  it('says where topics were looked for that are missing or differ', () => {
    const missing = new TopicMismatchError('Topic presence.rooms does not exist');
    expect(explainStart(missing, configuration).text).toBe(
      'Topic presence.rooms does not exist\nIt was looked for where DATA_DIR is "/srv/rollcall" and TOPIC_PREFIX is "presence.".',
    );
    const kafka = { brokers: ['one:9092'], clientId: 'rollcall' };
    expect(explainStart(missing, { ...configuration, kafka }).text).toContain('where KAFKA_BROKERS is "one:9092" and');
  });

  it('keeps the stack of a bug', () => {
    expect(explainStart(new TypeError('x is undefined'), configuration).text).toMatch(
      /TypeError: x is undefined\n\s+at /,
    );
  });
});
