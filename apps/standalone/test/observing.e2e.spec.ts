// What an operator sees of a running process: every metric with its help and what happened in its figures; and what nobody may
// see in its lines: tokens and status messages, wherever they were put.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { declaredMetrics } from './metric-catalogue.js';
import { Program, endEverything, freshFolder, until } from './program.js';

jest.setTimeout(120_000);
afterAll(endEverything);

const SECRETS = {
  token: 'planted-token-of-alice',
  admin: 'planted-token-of-admin',
  unknown: 'planted-token-of-nobody',
  status: 'planted status message',
  client: 'planted-client-secret',
} as const;

/** Only where the homeserver feeds it. */
const ELSEWHERE = /^rollcall_bridge_/;

interface Served {
  readonly program: Program;
  readonly url: string;
  ask(method: string, path: string, token: string, body?: string): Promise<{ status: number; text: string }>;
}

async function served(): Promise<Served> {
  const tokens = join(freshFolder(), 'tokens.json');
  writeFileSync(tokens, JSON.stringify({ [SECRETS.token]: { user_id: '@alice:localhost', device_id: 'D' } }));
  const program = Program.start('standalone', {
    DATA_DIR: freshFolder(),
    STATIC_TOKENS_FILE: tokens,
    ADMIN_TOKEN: SECRETS.admin,
    LOG_LEVEL: 'debug',
    OFFLINE_AFTER_MS: '300',
    INTROSPECTION_URL: 'http://127.0.0.1:9/introspect',
    INTROSPECTION_CLIENT_ID: 'rollcall',
    INTROSPECTION_CLIENT_SECRET: SECRETS.client,
    SERVER_NAME: 'localhost',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
  });
  const url = await program.url();
  const ask: Served['ask'] = async (method, path, token, body) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, text: await answer.text() };
  };
  return { program, url, ask };
}

const STATUS = '/_matrix/client/v3/presence/@alice:localhost/status';
const lines = (...records: readonly object[]): string => records.map((record) => JSON.stringify(record)).join('\n');

/** Everything that a log line might be tempted by. */
async function misbehave({ ask, url }: Served): Promise<void> {
  const { token, admin, unknown, status } = SECRETS;
  const room = { room_id: '!r:localhost', membership: 'join' };
  await ask(
    'POST',
    '/_rollcall/v1/memberships',
    admin,
    lines({ ...room, user_id: '@alice:localhost' }, { ...room, user_id: '@bob:localhost' }),
  );
  expect((await ask('PUT', STATUS, token, JSON.stringify({ presence: 'online', status_msg: status }))).status).toBe(
    200,
  );
  await ask('PUT', STATUS, token, `{"presence":"online","status_msg":"${status}"`);
  await ask('PUT', STATUS, token, JSON.stringify({ presence: status, status_msg: status }));
  await ask('PUT', STATUS, token, JSON.stringify({ presence: 'online', status_msg: `${status} `.repeat(200) }));
  await ask('GET', STATUS, unknown);
  await fetch(`${url}${STATUS}?access_token=${unknown}`);
  await fetch(`${url}/nowhere/${unknown}?access_token=${token}`);
  await ask('GET', `/_matrix/client/v3/sync?timeout=0&filter=${encodeURIComponent(`{"${status}":`)}`, token);
  const poison = JSON.stringify({
    type: 'poison',
    v: 1,
    user_id: '@alice:localhost',
    status_msg: status,
    access_token: token,
  });
  await ask('POST', '/_rollcall/v1/commands?unchecked=true&key=@alice:localhost', admin, poison);
  await ask(
    'POST',
    '/_rollcall/v1/commands',
    admin,
    lines({ type: 'presence.set', status_msg: status, user_id: token }),
  );
}

/** The sum of a metric's series whose labels hold all of these. */
function figure(exposition: string, series: string, ...labels: readonly string[]): number {
  return exposition
    .split('\n')
    .filter((line) => line.startsWith(`${series}{`) || line.startsWith(`${series} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

describe('a running process', () => {
  it('shows every metric with its help, tells what happened in them, and no secret in its lines', async () => {
    const running = await served();
    await misbehave(running);
    const exposition = await until('the figures of what happened', async () => {
      const { text } = await running.ask('GET', '/metrics', '');
      const seen =
        figure(text, 'rollcall_aggregator_changes_total', 'reason="put"') > 0 &&
        figure(text, 'rollcall_aggregator_rejected_total', 'topic="presence.commands"', 'reason="type"') > 0 &&
        figure(text, 'rollcall_lag_seconds', 'part="aggregator"') === 0 &&
        figure(text, 'rollcall_lag_records') === 0 &&
        text.includes('rollcall_lag_records{part="gateway"') &&
        figure(text, 'rollcall_fanout_recipients_per_change_sum') >= 2;
      return seen ? text : undefined;
    });
    const missing = declaredMetrics().filter(
      ({ name }) => !ELSEWHERE.test(name) && !new RegExp(`^# HELP ${name} .{10}`, 'm').test(exposition),
    );
    expect(missing).toEqual([]);
    expect(figure(exposition, 'rollcall_aggregator_changes_total', 'reason="commands"')).toBeGreaterThanOrEqual(1);
    expect(figure(exposition, 'rollcall_aggregator_fold_seconds_count')).toBeGreaterThan(0);
    expect(figure(exposition, 'rollcall_aggregator_timer_late_seconds_count')).toBeGreaterThan(0);
    expect(figure(exposition, 'rollcall_aggregator_restored_ratio')).toBe(2);
    expect(figure(exposition, 'rollcall_gateway_token_checks_total', 'outcome="failed"')).toBeGreaterThan(0);
    expect(exposition).toContain('nodejs_eventloop_lag_p99_seconds');
    const { stdout, stderr, code } = await running.program.kill('SIGTERM');
    expect(code).toBe(0);
    const told = `${stdout}${stderr}`;
    expect(stderr).toContain('"level":"debug"');
    expect(told).toContain('is rejected');
    const leaked = Object.values(SECRETS).filter(
      (secret) => told.includes(secret) || told.includes(encodeURIComponent(secret)),
    );
    expect(leaked).toEqual([]);
    for (const line of stderr.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  });
});
