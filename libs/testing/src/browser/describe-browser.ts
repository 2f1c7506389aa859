// `describe` for suites that need a real browser. Invariant: such a suite never passes without one: it runs, or it is reported as
// skipped by name with the reason, or, where CI is true, it fails.
import { Browser } from './browser.js';
import { chromiumFault } from './chromium.js';

const START_LIMIT_MS = 600_000;

const absent = (reason: string) => (): never => {
  throw new Error(reason);
};

/** Calls inside of tests and hooks get the browser by calling `browser()`. */
export function describeBrowser(name: string, suite: (browser: () => Browser) => void): void {
  const fault = chromiumFault();
  if (fault !== undefined && process.env['CI'] === 'true') {
    describe(name, () => {
      it('needs Chromium', absent(`no browser to test with: ${fault}`));
    });
    return;
  }
  if (fault !== undefined) {
    describe.skip(`${name} (no Chromium: ${fault})`, () => suite(absent(fault)));
    return;
  }
  describe(name, () => {
    let started: Browser | undefined;
    beforeAll(async () => {
      started = await Browser.start();
    }, START_LIMIT_MS);
    afterAll(async () => started?.close());
    suite(() => started ?? absent('the browser is known inside of tests and hooks only')());
  });
}
