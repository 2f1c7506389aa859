// One page of a browser, as a person uses it: keys, pointer, sizes, preferences; and what is on it. Invariant: what waits polls until
// it is so and says what it waited for; errors of the page are kept, so that a test can demand that there are none.
import type { Devtools, Parameters, Told } from './devtools.js';

const POLL_MS = 25;
const PATIENCE_MS = 30_000;

interface Key {
  readonly key: string;
  readonly code: string;
  readonly windowsVirtualKeyCode: number;
  readonly text?: string;
}

const KEYS: Readonly<Record<string, Omit<Key, 'key'>>> = {
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
  ' ': { code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
  PageUp: { code: 'PageUp', windowsVirtualKeyCode: 33 },
  PageDown: { code: 'PageDown', windowsVirtualKeyCode: 34 },
  End: { code: 'End', windowsVirtualKeyCode: 35 },
  Home: { code: 'Home', windowsVirtualKeyCode: 36 },
  ArrowLeft: { code: 'ArrowLeft', windowsVirtualKeyCode: 37 },
  ArrowUp: { code: 'ArrowUp', windowsVirtualKeyCode: 38 },
  ArrowRight: { code: 'ArrowRight', windowsVirtualKeyCode: 39 },
  ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
};
const SHIFT = 8;

export class BrowserPage {
  /** Uncaught errors, console errors and refusals of the page's own policy. */
  readonly complaints: string[] = [];
  /** Addresses that the page asked for, in order. */
  readonly requested: string[] = [];

  private constructor(
    private readonly devtools: Devtools,
    private readonly sessionId: string,
  ) {}

  static async of(devtools: Devtools, sessionId: string): Promise<BrowserPage> {
    const page = new BrowserPage(devtools, sessionId);
    devtools.onEvent((method, told, from) => {
      if (from === sessionId) page.#hear(method, told);
    });
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.ask(`${domain}.enable`);
    return page;
  }

  ask(method: string, params: Parameters = {}): Promise<Told> {
    return this.devtools.ask(method, params, this.sessionId);
  }

  async open(url: string): Promise<void> {
    const { errorText } = await this.ask('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${JSON.stringify(errorText)}`);
    await this.until('the document to be read', "document.readyState === 'complete'");
  }

  /** The value of an expression, of its promise if it is one. */
  async look<T = unknown>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  }

  /** Polls until the expression is truthy, and gives it. */
  async until<T = unknown>(what: string, expression: string): Promise<T> {
    const givenUpMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = await this.look<T>(expression);
      if (found) return found;
      if (Date.now() > givenUpMs) throw new Error(`waited in vain for ${what}; the page shows: ${await this.text()}`);
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  text(): Promise<string> {
    return this.look('document.body.innerText');
  }

  async press(key: string, times = 1): Promise<void> {
    const [name, modifiers] = key.startsWith('Shift+') ? [key.slice(6), SHIFT] : [key, 0];
    const known = KEYS[name];
    if (known === undefined) throw new Error(`no key is called ${name}`);
    for (let time = 0; time < times; time++) {
      const type = known.text === undefined ? 'rawKeyDown' : 'keyDown';
      await this.ask('Input.dispatchKeyEvent', { type, key: name, modifiers, ...known });
      await this.ask('Input.dispatchKeyEvent', { type: 'keyUp', key: name, modifiers, ...known, text: undefined });
    }
  }

  async type(text: string): Promise<void> {
    await this.ask('Input.insertText', { text });
  }

  /** In the middle of what the selector finds. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.until<{ x: number; y: number }>(
      `${selector} to be there`,
      `(() => { const found = document.querySelector(${JSON.stringify(selector)}); if (!found) return;
        found.scrollIntoView({ block: 'center' }); const box = found.getBoundingClientRect();
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()`,
    );
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.ask('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 });
  }

  async prefer(preferences: Readonly<Record<string, string>>): Promise<void> {
    const features = Object.entries(preferences).map(([name, value]) => ({ name, value }));
    await this.ask('Emulation.setEmulatedMedia', { features });
  }

  async picture(): Promise<Buffer> {
    const { data: text } = await this.ask('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(text), 'base64');
  }

  #hear(method: string, told: Told): void {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(told['exceptionDetails']));
    if (method === 'Runtime.consoleAPICalled' && told['type'] === 'error')
      this.complaints.push(JSON.stringify(told['args']));
    if (method === 'Log.entryAdded') this.#hearEntry(told['entry'] as { level: string; source: string; text: string });
    if (method === 'Network.requestWillBeSent') this.requested.push((told['request'] as { url: string }).url);
  }

  /** What the network says is told by the page's own words. */
  #hearEntry({ level, source, text }: { level: string; source: string; text: string }): void {
    if (level === 'error' && source !== 'network') this.complaints.push(`${source}: ${text}`);
  }
}
