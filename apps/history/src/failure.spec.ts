// Whatever is thrown is told with what it says, also when it is an error of another realm, or none.
import { runInNewContext } from 'node:vm';
import { LogUnavailableError } from '#libs/event-log';
import { Failure, explain } from './failure.js';

describe('a fault', () => {
  it('of ours is its sentence, with its exit code', () => {
    expect(explain(new Failure('Not so.', 3))).toEqual({ text: 'Not so.', exitCode: 3 });
    expect(explain(new LogUnavailableError('There is no log'))).toEqual({ text: 'There is no log', exitCode: 1 });
  });

  it('of another realm is told with its stack', () => {
    const foreign: unknown = runInNewContext('new TypeError("from elsewhere")');
    expect(foreign).not.toBeInstanceOf(Error);
    expect(explain(foreign)).toEqual({
      text: expect.stringMatching(/TypeError: from elsewhere\n {4}at /),
      exitCode: 1,
    });
  });

  const circular: Record<string, unknown> = {};
  circular['itself'] = circular;
  it.each([
    ['a text', 'out of order', 'A fault without a stack: out of order'],
    ['nothing', undefined, 'A fault without a stack: undefined'],
    ['null', null, 'A fault without a stack: null'],
    ['a message alone', { message: 'no stack' }, 'Error: no stack'],
    ['a code alone', { code: 'ENOSPC' }, 'A fault without a message: ENOSPC'],
    ['an object', { a: 1 }, 'A fault without a message: {"a":1}'],
    ['what cannot be printed', circular, 'A fault without a message, which cannot be printed'],
  ])('that is %s says it', (_what, thrown, text) => {
    expect(explain(thrown)).toEqual({ text, exitCode: 1 });
  });
});
