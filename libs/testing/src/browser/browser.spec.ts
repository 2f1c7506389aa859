// The way by which suites get a browser, tried on itself: keys, pointer and sizes arrive, what the page complains of is kept, and where
// there can be no browser nothing passes silently.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFault, findChromium } from './chromium.js';
import { describeBrowser } from './describe-browser.js';

describeBrowser('a browser for a suite', (browser) => {
  it('presses, types, clicks and resizes as a person does', async () => {
    const page = await browser().page();
    await page.resize(640, 480);
    await page.look(
      "document.body.innerHTML = '<input id=a><button id=b>go</button>'; document.querySelector('#b').onclick = () => { window.clicked = (window.clicked ?? 0) + 1; }",
    );
    await page.press('Tab');
    await page.type('words');
    expect(await page.look("document.querySelector('#a').value")).toBe('words');
    await page.press('Tab');
    await page.press('Enter');
    await page.press(' ');
    await page.click('#b');
    expect(await page.until('the clicks', 'window.clicked')).toBe(3);
    expect(await page.look('[innerWidth, innerHeight].join()')).toBe('640,480');
    expect((await page.picture()).subarray(1, 4).toString()).toBe('PNG');
  });

  it('keeps what a page complains of', async () => {
    const page = await browser().page();
    await page.look("console.error('planted'); setTimeout(() => { throw new Error('thrown'); })");
    await page.look('new Promise((later) => setTimeout(later, 50))');
    expect(page.complaints.join()).toContain('planted');
    expect(page.complaints.join()).toContain('thrown');
  });

  it('fails with what it was asked when an expression throws', async () => {
    const page = await browser().page();
    await expect(page.look('nobody.there')).rejects.toThrow('nobody.there');
    await expect(page.press('NoSuchKey')).rejects.toThrow('no key is called NoSuchKey');
  });
});

describe('where the browser comes from', () => {
  const { PATH, CHROMIUM } = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-path-'));
  afterEach(() => {
    Object.assign(process.env, { PATH });
    if (CHROMIUM === undefined) delete process.env['CHROMIUM'];
    else process.env['CHROMIUM'] = CHROMIUM;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is the one that is named, or the first on the path', () => {
    delete process.env['CHROMIUM'];
    writeFileSync(join(folder, 'google-chrome'), '');
    process.env['PATH'] = folder;
    expect(findChromium()).toBe(join(folder, 'google-chrome'));
    process.env['CHROMIUM'] = '/opt/own/chromium';
    expect(findChromium()).toBe('/opt/own/chromium');
  });

  it('is told to be nowhere, with what would help, when it can neither be found nor installed', () => {
    delete process.env['CHROMIUM'];
    process.env['PATH'] = join(folder, 'nothing');
    expect(chromiumFault()).toContain('no chromium or google-chrome on PATH');
  });
});
