// Two thousand people on the page: what is drawn is counted, not timed. A row for each would be forty times as many as can be seen.
import { describeBrowser, type BrowserPage } from '#libs/testing';
import { Client } from './client.js';
import { Program, endEverything, freshFolder } from './program.js';

jest.setTimeout(180_000);
afterAll(endEverything);

const PEOPLE = 2_000;
const ROWS = "document.querySelectorAll('.row').length";
const MOST_ROWS = 40;
const userId = (index: number): string => `@person${String(index).padStart(4, '0')}:crowd`;
const everybody = Array.from({ length: PEOPLE }, (_, index) => userId(index));

async function tell(url: string, topic: string, lines: readonly object[]): Promise<void> {
  const { body } = await Client.admin(url).ask(
    'POST',
    `/_rollcall/v1/${topic}`,
    lines.map((line) => JSON.stringify(line)).join('\n'),
  );
  expect(body).toMatchObject({ accepted: lines.length, rejected: [] });
}

const connected = (id: string, claim: string): object => ({
  ...{ type: 'device.connected', user_id: id, device_id: 'D', session_id: 'S', claim, lease_ms: 600_000 },
});

describeBrowser('two thousand people', (browser) => {
  let url: string;
  let page: BrowserPage;

  beforeAll(async () => {
    url = await Program.start('standalone', { DATA_DIR: freshFolder() }).url();
    await tell(
      url,
      'memberships',
      everybody.map((id, index) => ({ room_id: `!hall${String(index % 20)}:crowd`, user_id: id, membership: 'join' })),
    );
    await tell(
      url,
      'activity',
      everybody.map((id) => connected(id, 'online')),
    );
    page = await browser().page();
    await page.resize(1_600, 1_000);
    await page.open(url);
    await page.until(
      'all of them',
      "document.querySelector('.tile.online .count')?.textContent.replace(/\\D/g, '') === '2000'",
    );
    await page.until('their rows', `${ROWS} > 5`);
  });

  it('are all listed, with few rows in the document wherever one looks', async () => {
    expect(await page.look("document.querySelector('.row').getAttribute('aria-setsize')")).toBe(String(PEOPLE));
    expect(await page.look<number>(ROWS)).toBeLessThanOrEqual(MOST_ROWS);
    await page.look(
      "(() => { const list = document.querySelector('.people'); list.scrollTop = list.scrollHeight / 2; })()",
    );
    await page.until(
      'the middle',
      "[...document.querySelectorAll('.row')].some((row) => row.getAttribute('aria-posinset') === '1000')",
    );
    expect(await page.look<number>(ROWS)).toBeLessThanOrEqual(MOST_ROWS);
    await page.look("document.querySelector('#people').focus()");
    await page.press('End');
    await page.until(
      'the last',
      `document.querySelector('.row[aria-selected=true]')?.getAttribute('aria-posinset') === '${String(PEOPLE)}'`,
    );
    expect(await page.look<number>(ROWS)).toBeLessThanOrEqual(MOST_ROWS + 1);
    await page.press('Escape');
  });

  it('may all move at once: the page draws at its own pace, and all of it', async () => {
    // Drawings are counted where each of them leaves a mark, whatever else it changes.
    await page.look(
      "(() => { window.drawn = 0; window.beganMs = performance.now(); new MutationObserver(() => { window.drawn += 1; }).observe(document.querySelector('.changes'), { subtree: true, childList: true, characterData: true }); })()",
    );
    await tell(
      url,
      'activity',
      everybody.map((id) => connected(id, 'unavailable')),
    );
    await page.until(
      'all of them away',
      "document.querySelector('.tile.unavailable .count').textContent.replace(/\\D/g, '') === '2000'",
    );
    const { drawn, tookMs } = await page.look<{ drawn: number; tookMs: number }>(
      '({ drawn: window.drawn, tookMs: performance.now() - window.beganMs })',
    );
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThanOrEqual(tookMs / 100 + 5);
    expect(await page.look<number>(ROWS)).toBeLessThanOrEqual(MOST_ROWS);
    await page.until(
      'every row away',
      "[...document.querySelectorAll('.row')].every((row) => row.classList.contains('unavailable'))",
    );
    expect(page.complaints).toEqual([]);
  });
});
