// A headless Chromium for a test: started with a profile of its own, ended with its test. Invariant: nothing of it outlives `close`,
// neither a process nor its folder.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { BrowserPage } from './browser-page.js';
import { chromium } from './chromium.js';
import { Devtools } from './devtools.js';

const FLAGS = [
  '--headless=new',
  '--remote-debugging-pipe',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=Translate,MediaRouter,OptimizationHints',
  '--hide-scrollbars',
  '--mute-audio',
];

const CLOSE_MS = 5_000;

export class Browser {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly devtools: Devtools,
  ) {}

  static async start(): Promise<Browser> {
    const file = await chromium();
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-browser-'));
    // Chromium's sandbox refuses root, who runs tests in containers; the pages are our own.
    const flags = [...FLAGS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), `--user-data-dir=${folder}`];
    const child = spawn(file, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    const [, , , to, from] = child.stdio;
    const browser = new Browser(child, folder, new Devtools(to as Writable, from as Readable));
    await browser.devtools.ask('Browser.getVersion');
    return browser;
  }

  async page(): Promise<BrowserPage> {
    const { browserContextId } = await this.devtools.ask('Target.createBrowserContext');
    const { targetId } = await this.devtools.ask('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.devtools.ask('Target.attachToTarget', { targetId, flatten: true });
    return BrowserPage.of(this.devtools, String(sessionId));
  }

  async close(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.once('exit', () => resolve());
      else resolve();
    });
    // In order, so that its helpers have ended as well and write nothing more; one that does not answer is ended.
    const late = setTimeout(() => this.child.kill('SIGKILL'), CLOSE_MS);
    this.devtools.ask('Browser.close').catch(() => {
      // It ends before it answers, or it is ended below.
    });
    await gone;
    clearTimeout(late);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
