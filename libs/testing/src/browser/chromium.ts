// Where the browser of tests comes from: a Chromium that is there, or Debian's own package where we may install it. Invariant: whether
// there can be one is known before any test runs; it is installed once, by whoever comes first.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { withLock } from '../kafka/pid-lock.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

/** CHROMIUM names another one. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  return NAMES.map(onPath).find((found) => found !== undefined);
}

const mayInstall = (): boolean => process.getuid?.() === 0 && onPath('apt-get') !== undefined;

/** Why there is none and can be none; undefined = there is one, or will be. */
export function chromiumFault(): string | undefined {
  if (findChromium() !== undefined || mayInstall()) return undefined;
  return 'no chromium or google-chrome on PATH, and only root may install one by apt-get';
}

const apt = (...args: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFile('apt-get', ['-q', '-y', ...args], { env, maxBuffer: 64 << 20 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`apt-get ${args.join(' ')} failed: ${stderr.slice(-2_000)}`));
    });
  });

export async function chromium(): Promise<string> {
  const found = findChromium();
  if (found !== undefined) return found;
  return withLock(join(tmpdir(), 'rollcall-chromium.lock'), async () => {
    if (findChromium() === undefined) {
      await apt('update');
      await apt('install', '--no-install-recommends', 'chromium', 'fonts-dejavu-core');
    }
    const installed = findChromium();
    if (installed === undefined) throw new Error('apt-get installed chromium, but it is not on PATH');
    return installed;
  });
}
