// A real browser for tests: by `describeBrowser`, driven over the DevTools protocol.
export { Browser } from './browser.js';
export { BrowserPage } from './browser-page.js';
export { describeBrowser } from './describe-browser.js';
