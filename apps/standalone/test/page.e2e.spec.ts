// The page in a real browser, before a whole engine in a process of its own: it loads, moves, looks back, searches, obeys the keyboard,
// fits, can be read by machines, and lives through a restart. Invariant: nothing sleeps for a result, and nothing is judged by how fast
// the machine is; what must be small is counted.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describeBrowser, freePorts, type BrowserPage } from '#libs/testing';
import { Client } from './client.js';
import { Program, endEverything, freshFolder, until } from './program.js';

jest.setTimeout(180_000);
afterAll(endEverything);

const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

const count = (presence: string): string =>
  `Number(document.querySelector('.tile.${presence} .count').textContent.replace(/\\D/g, ''))`;
const COUNTS = `[${['online', 'busy', 'unavailable', 'offline'].map(count).join()}].join()`;
const ROWS = "document.querySelectorAll('.row').length";
const NAMES = "[...document.querySelectorAll('.row .name')].map((name) => name.textContent.trim())";
const FOCUSED = 'document.activeElement?.id || document.activeElement?.textContent.trim()';
/** Long after every partition has told of a moment. */
const SETTLED_MS = 3_000;
const buttonThat = (says: string): string =>
  `[...document.querySelectorAll('button')].find((button) => button.textContent.includes(${JSON.stringify(says)}))`;

/** By a script, so that the pointer's place on a moving page does not matter. */
const press = (page: BrowserPage, says: string): Promise<unknown> =>
  page.until(
    `a button that says ${says}`,
    `(() => { const found = ${buttonThat(says)}; if (!found || found.disabled) return false; found.click(); return true; })()`,
  );

async function seriousIn(page: BrowserPage): Promise<unknown> {
  await page.look(`window.axe === undefined && (0, eval)(${JSON.stringify(axe)})`);
  const found = await page.look<
    { id: string; impact: string; nodes: { html: string; any: { message: string }[] }[] }[]
  >("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)");
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 120)} ${any[0]?.message ?? ''}`).join(' | ')}`,
    );
}

/** What the server says of a time, in the order of the tiles. */
async function toldOf(url: string, atTs: number): Promise<string> {
  const { body } = await Client.admin(url).ask('GET', `/_rollcall/v1/overview?at=${String(atTs)}`);
  const { online, busy, unavailable, offline } = body['counts'] as Record<string, number>;
  return [online, busy, unavailable, offline].join();
}

describeBrowser('the reader for machines', (browser) => {
  it('finds what is planted', async () => {
    const page = await browser().page();
    await page.look("document.body.innerHTML = '<main><input><button></button><p>words</p></main>'");
    expect(await seriousIn(page)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^label: /), expect.stringMatching(/^button-name: /)]),
    );
  });
});

describeBrowser('the page', (browser) => {
  const directory = freshFolder();
  let program: Program;
  let port = 0;
  let url: string;
  let page: BrowserPage;

  async function start(): Promise<string> {
    program = Program.start('standalone', { DATA_DIR: directory, HTTP_PORT: String(port) });
    return program.url();
  }

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    url = await start();
    page = await browser().page();
    await page.resize(1_600, 1_000);
    await page.open(url);
  });

  it('signs in by itself on this machine, and tells a newcomer what to do', async () => {
    await page.until('the words for nobody', "document.body.innerText.includes('Nobody is here yet')");
    expect(await page.text()).toContain('curl -X PUT');
    expect(await page.text()).toContain('administrator');
  });

  it('starts a town and moves at once', async () => {
    await press(page, 'Start a simulated town');
    await page.until('people', `${count('online')} > 5`);
    await page.until('changes in words', "document.querySelectorAll('.changes li').length > 3");
    await page.until('the rooms of all who came', `document.querySelectorAll('.room').length > 4`);
    const before = await page.look<string>("document.querySelector('.changes li').textContent");
    await page.until(
      'the next change',
      `document.querySelector('.changes li').textContent !== ${JSON.stringify(before)}`,
    );
    await page.until('a chart', "document.querySelector('.chart canvas') !== null");
    await page.until('a rate of inputs', "Number(document.querySelector('.rate.inputs .value').textContent) > 0");
    expect(await page.look('document.title')).toMatch(/^\d+ online/);
  });

  it('shows the whole page as of a time while the slider stands in the past', async () => {
    // Chosen before the slider stops, so that it lies within its range, and settled: of the latest moment, some partition may
    // still have to tell.
    const atTs = await until('a middle that is past', async () => {
      const { body } = await Client.admin(url).ask('GET', '/_rollcall/v1/overview');
      const moves = body['moves'] as { at_ts: number }[];
      const middleTs = moves[Math.floor(moves.length / 2)]?.at_ts ?? Infinity;
      return middleTs < Date.now() - SETTLED_MS ? middleTs : undefined;
    });
    await page.look("document.querySelector('#time-slider').focus()");
    await page.press('Home');
    await page.until('the past', "document.querySelector('#people-title').textContent === 'Who was there'");
    await page.until('nobody, as it was before the town', `${COUNTS} === '0,0,0,0' && ${ROWS} === 0`);
    const reached = await page.look<string>(
      `(() => { const slider = document.querySelector('#time-slider'); slider.value = ${String(atTs)}; slider.dispatchEvent(new Event('input')); return slider.value; })()`,
    );
    await page.until('the counts of then', `${COUNTS} === '${await toldOf(url, Number(reached))}'`);
    expect(await page.look("document.querySelector('#time-slider').getAttribute('aria-valuetext')")).toMatch(
      /ago|just now/,
    );
    await press(page, 'Back to now');
    await page.until('now', "document.querySelector('#people-title').textContent === 'Who is there'");
    await page.until('people again', `${ROWS} > 5`);
  });

  it('searches by name and by message, and lists one room or one presence', async () => {
    const all = await page.look<number>(ROWS);
    await page.look("document.querySelector('#search').focus()");
    await page.type('ZZ');
    await page.until('nobody to match', `${ROWS} === 0 && document.body.innerText.includes('Nobody matches')`);
    await page.look("document.querySelector('#search').select()");
    await page.type('Bela');
    await page.until('one to match', `${ROWS} <= 1`);
    await page.look(
      "(() => { const field = document.querySelector('#search'); field.value = ''; field.dispatchEvent(new Event('input')); })()",
    );
    await page.until('all again', `${ROWS} >= ${String(Math.min(all, 5))}`);
    await press(page, 'bakery');
    await page.until(
      'only the bakery',
      "document.querySelector('.room[aria-pressed=true]').textContent.includes('bakery')",
    );
    const { body } = await Client.admin(url).ask('GET', '/_rollcall/v1/overview?room=!bakery:town');
    const inside = new Set((body['users'] as { user_id: string }[]).map(({ user_id: id }) => id.slice(1)));
    for (const name of await page.look<string[]>(NAMES)) expect(inside).toContain(name);
    await press(page, 'All rooms');
  });

  it('does everything by keyboard: reaches, chooses, reads a timeline, leaves it, seeks', async () => {
    // The slider steps back from where it was drawn last, which on a busy machine is some time ago: people were there by then.
    await until('people who have been there for a while', async () => {
      const [online = 0] = (await toldOf(url, Date.now() - 30_000)).split(',').map(Number);
      return online > 5 ? true : undefined;
    });
    await page.open(url);
    await page.until('people', `${ROWS} > 5`);
    await page.press('Tab');
    expect(await page.look(FOCUSED)).toBe('Skip to the people');
    const reached: string[] = [];
    const tabTo = async (wanted: string): Promise<void> => {
      for (let step = 0; step < 40 && reached[reached.length - 1] !== wanted; step++) {
        await page.press('Tab');
        reached.push(await page.look<string>(FOCUSED));
      }
    };
    await tabTo('time-slider');
    await page.press('ArrowLeft', 3);
    // Where nothing moves, rows can be counted.
    await page.until('people of the past', `document.querySelector('main.past') !== null && ${ROWS} > 5`);
    await tabTo('people');
    expect(reached).toEqual(
      expect.arrayContaining(['Stop the town', 'Dark', 'Sign out', 'time-slider', 'Back to now', 'search', 'people']),
    );
    expect(await page.look("getComputedStyle(document.querySelector('#people')).outlineStyle")).toBe('solid');
    const active =
      "document.getElementById(document.querySelector('#people').getAttribute('aria-activedescendant'))?.getAttribute('aria-posinset')";
    await page.press('ArrowDown', 3);
    await page.until('the third row', `${active} === '3'`);
    await page.until('a timeline', "document.querySelector('.person .story') !== null");
    await page.press('End');
    await page.until('the last row', `${active} === document.querySelector('.row').getAttribute('aria-setsize')`);
    await page.press('Home');
    await page.until('the first row', `${active} === '1'`);
    await page.press('Escape');
    await page.until('no timeline', "document.querySelector('.person') === null");
    await press(page, 'Back to now');
    await page.until('now', "document.querySelector('main.past') === null");
  });

  it.each([
    [360, 'light'],
    [360, 'dark'],
    [820, 'light'],
    [1_600, 'light'],
    [1_600, 'dark'],
  ])('fits into %i pixels and has nothing that axe finds serious, %s', async (width, scheme) => {
    await page.prefer({ 'prefers-color-scheme': scheme, 'prefers-reduced-motion': 'reduce' });
    await page.resize(width, 900);
    await page.until('its colours', `document.documentElement.dataset.theme === '${scheme}'`);
    await page.look("document.querySelector('.row').click()");
    await page.until('a timeline', "document.querySelector('.person .story') !== null");
    expect(await page.look('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await seriousIn(page)).toEqual([]);
    await page.look("document.querySelector('.person button').click()");
  });

  it('tells screen readers in one polite place, and leaves no dot or chart to them', async () => {
    const live = await page.look(
      "[...document.querySelectorAll('[aria-live], [role=status], [role=alert]')].map((each) => each.getAttribute('aria-live'))",
    );
    expect(live).toEqual(['polite']);
    await page.until(
      'a sentence',
      "/\\d+ online, \\d+ busy, \\d+ away, \\d+ offline\\./.test(document.querySelector('[role=status]').textContent)",
    );
    expect(
      await page.look("document.querySelectorAll('canvas:not([aria-hidden=true] *, [aria-hidden=true])').length"),
    ).toBe(0);
    expect(await page.look("[...document.querySelectorAll('main, header')].length")).toBe(2);
  });

  it('keeps still for those who ask for it, and remembers light or dark', async () => {
    expect(await page.look("getComputedStyle(document.querySelector('.state .dot')).animationName")).toBe('none');
    await press(page, 'Dark');
    const chosen = await page.look<string>('document.documentElement.dataset.theme');
    await page.open(url);
    await page.until('the page', 'document.querySelector(".tile") !== null');
    expect(await page.look('document.documentElement.dataset.theme')).toBe(chosen);
  });

  it('says so while the server is away, keeps what it knows, and mends itself', async () => {
    await page.until('people', `${ROWS} > 5`);
    await press(page, 'Stop the town');
    await page.until('a town that can be started', `${buttonThat('Start a simulated town')} !== undefined`);
    await program.kill('SIGTERM');
    await page.until('the banner', "document.querySelector('[role=alert]')?.textContent.includes('does not answer')");
    expect(await page.look<number>(ROWS)).toBeGreaterThan(5);
    expect(await page.look('document.title')).toContain('reconnecting');
    await start();
    await page.until('no banner', "document.querySelector('[role=alert]') === null");
    await Client.user(url, 'newcomer').put('online', 'after the restart');
    await page.until('who came after it', `${NAMES}.join().includes('newcomer')`);
  });

  it('shows a user what that user may see, and says why the slider stands still', async () => {
    await press(page, 'Sign out');
    await page.until('the form', "document.querySelector('#token') !== null");
    await page.look("document.querySelector('#token').focus()");
    await page.type('nonsense');
    await page.press('Enter');
    await page.until('a complaint', "document.querySelector('[role=alert]')?.textContent.length > 0");
    await page.look("(() => { const field = document.querySelector('#token'); field.value = ''; field.focus(); })()");
    await page.type('dev|@newcomer:localhost|PAGE');
    await page.press('Enter');
    await page.until('the user', "document.querySelector('.who')?.textContent === '@newcomer:localhost'");
    await page.until('themselves', `${NAMES}.join() === 'newcomer:localhost'`);
    expect(await page.look("document.querySelector('#time-slider').disabled")).toBe(true);
    expect(await page.text()).toContain('Looking back is the administrator’s');
    expect(await seriousIn(page)).toEqual([]);
  });

  it('asked nobody but this server, told no address the token, and had nothing to complain of', () => {
    for (const address of page.requested) expect(address.startsWith(url)).toBe(true);
    expect(page.requested.filter((address) => /dev(\||%7C)/i.test(address))).toEqual([]);
    expect(page.complaints).toEqual([]);
  });
});
