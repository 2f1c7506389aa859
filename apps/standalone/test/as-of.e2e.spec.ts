// Presence as of a time, asked in three ways on one directory: the page's slider in a real browser, the door behind it, and
// `rollcall as-of` beside the running server. They must say the same of everybody, at the very moments of changes and between them.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeBrowser, Draw, repositoryRoot } from '#libs/testing';
import { Client } from './client.js';
import { endEverything, freshFolder, Program, until } from './program.js';

jest.setTimeout(240_000);
afterAll(endEverything);

const TIMINGS = { IDLE_AFTER_MS: '900', ACTIVE_FOR_MS: '400', OFFLINE_AFTER_MS: '300', BUSY_OFFLINE_AFTER_MS: '700' };
const USERS = Array.from({ length: 14 }, (_, index) => `@user${index}:localhost`);
const [GONE = '', RETURNED = ''] = USERS;
const PRESENCES = ['online', 'busy', 'unavailable', 'offline'] as const;

interface Person {
  readonly user_id: string;
  readonly presence: string;
  readonly status_msg?: string;
  readonly currently_active: boolean;
  readonly last_active_ts?: number;
}

/** What both say of a user, in one line; life, version and since when, the command line knows alone. */
function lineOf({ user_id: id, presence, status_msg: message, ...activity }: Person): string {
  const { currently_active: isActive, last_active_ts: lastActiveTs } = activity;
  return [id, presence, message ?? '–', isActive ? 'active' : 'not active', lastActiveTs ?? 'never'].join(' ');
}

describe('presence as of a time', () => {
  const directory = freshFolder();
  let url: string;
  let changeTs: number[];

  /** Commands and activity of everybody for a while, so that timers of all kinds fire; two are forgotten, and one of them returns. */
  async function happen(): Promise<void> {
    const draw = new Draw(11);
    const admin = Client.admin(url);
    const post = async (topic: string, ...lines: object[]): Promise<void> => {
      const answer = await admin.ask(
        'POST',
        `/_rollcall/v1/${topic}`,
        lines.map((line) => JSON.stringify(line)).join('\n'),
      );
      expect(answer).toMatchObject({ status: 200, body: { rejected: [] } });
    };
    for (let round = 0; round < 14; round += 1) {
      const some = (): string => draw.of(USERS);
      const device = { device_id: draw.of(['A', 'B']) };
      const session = {
        ...device,
        session_id: '1',
        claim: draw.of(['auto', 'online']),
        lease_ms: draw.of([400, 2_000]),
      };
      const set = { type: 'presence.set', ...device, status_msg: draw.of(['', 'tea', 'at lunch']) };
      await post(
        'commands',
        { ...set, user_id: some(), presence: draw.of(PRESENCES) },
        { ...set, user_id: some(), presence: 'online' },
      );
      await post(
        'activity',
        { type: 'device.connected', ...session, user_id: some() },
        { type: 'device.active', user_id: some() },
      );
    }
    const online = { type: 'presence.set', device_id: 'A', presence: 'online' };
    await post('commands', { ...online, user_id: GONE }, { ...online, user_id: RETURNED });
    await post('commands', { type: 'user.forget', user_id: GONE }, { type: 'user.forget', user_id: RETURNED });
    await post('commands', { ...online, user_id: RETURNED, status_msg: 'back' });
  }

  async function rollcall(...args: string[]): Promise<string> {
    const file = join(repositoryRoot(), 'dist/apps/history/src/main.js');
    const env = { PATH: String(process.env['PATH']), DATA_DIR: directory };
    const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { env, maxBuffer: 64 << 20 });
    return stdout;
  }

  async function asOf(atTs: number): Promise<Person[]> {
    const told = JSON.parse(await rollcall('as-of', new Date(atTs).toISOString(), '--json')) as { users: Person[] };
    return told.users;
  }

  async function overview(atTs: number): Promise<{ counts: Record<string, number>; users: Person[] }> {
    const { body } = await Client.admin(url).ask('GET', `/_rollcall/v1/overview?at=${atTs}&limit=500`);
    return body as unknown as { counts: Record<string, number>; users: Person[] };
  }

  /** Of each kind some: the moments of changes, the millisecond before, and moments between. */
  const moments = (): number[] => {
    const step = Math.max(1, Math.floor(changeTs.length / 4));
    const some = changeTs.filter((_, index) => index % step === 0);
    return [...new Set([...some, ...some.map((ts) => ts - 1), (changeTs.at(-1) ?? 0) + 1])];
  };

  beforeAll(async () => {
    const program = Program.start('standalone', { DATA_DIR: directory, ...TIMINGS });
    url = await program.url();
    await happen();
    // Until everybody has timed out: then the history stands still.
    changeTs = await until('everybody to be offline', async () => {
      const { users } = await overview(Date.now());
      if (users.some(({ presence }) => presence !== 'offline')) return undefined;
      const lines = (await rollcall('log', 'read', 'changes')).trim().split('\n');
      return lines.map((line) => (JSON.parse(line) as { value: { at_ts: number } }).value.at_ts).sort((a, b) => a - b);
    });
  });

  it('is the same at the door of the page as on the command line', async () => {
    expect(changeTs.length).toBeGreaterThan(30);
    let compared = 0;
    for (const atTs of moments()) {
      const [page, command] = await Promise.all([overview(atTs), asOf(atTs)]);
      const pageLines = page.users.map(lineOf).sort();
      const commandLines = command.map(lineOf).sort();
      expect({ atTs, users: pageLines }).toEqual({ atTs, users: commandLines });
      expect(page.counts).toEqual(countsOf(command));
      compared += command.length;
    }
    expect(compared).toBeGreaterThan(40);
  });

  describeBrowser('on the page itself', (browser) => {
    it('is the same where the slider stands', async () => {
      const page = await browser().page();
      await page.resize(1_600, 1_000);
      await page.open(url);
      await page.until('people', "document.querySelectorAll('.row').length > 0");
      for (const atTs of moments().slice(1, 4)) {
        const reached = await page.look<string>(
          `(() => { const slider = document.querySelector('#time-slider'); slider.value = ${atTs}; const sought = slider.value; slider.dispatchEvent(new Event('input')); return sought; })()`,
        );
        const command = await asOf(Number(reached));
        const counts = countsOf(command);
        const wanted = PRESENCES.map((presence) => counts[presence]).join();
        const shown = `[${PRESENCES.map((word) => `Number(document.querySelector('.tile.${word} .count').textContent)`).join()}].join()`;
        await page.until(`the counts ${wanted} of ${reached}`, `${shown} === '${wanted}'`);
        const there = command.filter(({ presence }) => presence !== 'offline').map(({ user_id: id }) => id.slice(1));
        const names = "[...document.querySelectorAll('.row .name')].map((name) => name.textContent.trim())";
        await page.until(
          `those who were there at ${reached}`,
          `${JSON.stringify(there)}.every((name) => ${names}.includes(name))`,
        );
      }
    });
  });
});

function countsOf(people: readonly Person[]): Record<string, number> {
  return Object.fromEntries(
    ['online', 'unavailable', 'busy', 'offline'].map((word) => [
      word,
      people.filter(({ presence }) => presence === word).length,
    ]),
  );
}
