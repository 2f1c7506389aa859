// The journal keeps secrets: each way in which a token, a status message or a user id could reach a line.

import { Journal } from './journal.js';
import { readable } from './readable-lines.js';
import type { LogLevel } from '../configuration/configuration.js';

function listen(level: LogLevel = 'debug'): { journal: Journal; lines: string[] } {
  const lines: string[] = [];
  return { journal: Journal.open({ level, destination: { write: (line) => lines.push(line) } }), lines };
}

const SECRETS = ['hunter2', 'syt_secret', 'in a meeting', 'PHONE'];
const WAYS: readonly (readonly [string, unknown])[] = [
  ['a header', { headers: { authorization: 'Bearer syt_secret', cookie: 'hunter2' } }],
  ['a token field', { accessToken: 'syt_secret', access_token: 'syt_secret', adminToken: 'hunter2' }],
  ['a status message', { view: { status_msg: 'in a meeting', deeper: [{ statusMsg: 'in a meeting' }] } }],
  ['a URL', { url: '/sync?access_token=syt_secret&since=1' }],
  ['a development token', { text: 'Bearer dev|@alice:localhost|PHONE', encoded: 'dev%7C@alice:localhost%7CPHONE' }],
  [
    'an error and its cause',
    { error: new Error('refused Bearer syt_secret', { cause: new Error('status_msg: "in a meeting" was odd') }) },
  ],
  ['bytes', { value: Buffer.from('in a meeting') }],
];

describe('the journal', () => {
  it.each(WAYS)('writes no secret that arrives by %s', (_, fields) => {
    const { journal, lines } = listen();
    journal.debug('something happened', fields as Record<string, unknown>);
    journal.error('something happened', fields as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    for (const secret of SECRETS) expect(lines.join('')).not.toContain(secret);
  });

  it('would show them if it did not scrub: the ways above are real', () => {
    for (const [, fields] of WAYS) {
      const shown = JSON.stringify(fields, (_, value: unknown) =>
        value instanceof Error ? { message: value.message, cause: value.cause } : value,
      );
      const asBytes = JSON.stringify([...Buffer.from('in a meeting')]).slice(1, -1);
      expect([...SECRETS, asBytes].some((secret) => shown.includes(secret))).toBe(true);
    }
  });

  it('writes no secret that arrives in the message itself', () => {
    const { journal, lines } = listen();
    journal.warn('GET /sync?access_token=syt_secret by Bearer hunter2');
    expect(lines[0]).toContain('GET /sync?access_token=[removed] by Bearer [removed]');
  });

  it('names users at debug only', () => {
    const { journal, lines } = listen();
    const fields = {
      userId: '@alice:example.org',
      note: 'told @bob:example.org:8448',
      path: '/presence/%40carol%3Aexample.org/status',
    };
    journal.debug('x', fields);
    journal.info('x @dave:hs', fields);
    expect(lines[0]).toContain('@alice:example.org');
    for (const name of ['alice', 'bob', 'carol', 'dave', '8448']) expect(lines[1]).not.toContain(name);
  });

  it('keeps stacks readable: a package is no user', () => {
    const { journal, lines } = listen();
    journal.error('x', { error: { stack: 'at /a/node_modules/@nestjs/core/router.js:12:3' } });
    expect(lines[0]).toContain('@nestjs/core/router.js:12:3');
  });

  it('writes JSON lines with level, part and message, from its level on', () => {
    const { journal, lines } = listen('warn');
    journal.child('fanout').info('quiet');
    journal.child('fanout').warn('loud', { partition: 3 });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ level: 'warn', part: 'fanout', msg: 'loud', partition: 3 }),
    ]);
  });

  it("takes Nest's lines, its wiring as debug", () => {
    const { journal, lines } = listen('info');
    const nest = journal.forNest();
    nest.log('Mapped {/x, GET} route', 'RouterExplorer');
    nest.log('something else', 'Gateway');
    nest.error(new Error('broken Bearer syt_secret'), 'stack', 'Gateway');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'something else',
      'broken Bearer [removed]',
    ]);
  });

  it('is readable on a terminal', () => {
    const line = JSON.stringify({ level: 'info', time: 0, part: 'process', msg: 'serves', port: 1 });
    expect(readable(line)).toBe('00:00:00.000 info  process: serves port=1\n');
  });
});
