// How a test run ends: with one line that counts everything, and with exit code 0 only when nothing failed. Real runs of jest
// with our reporter over planted suites.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const suites = {
  passing: "it('a', () => {}); it('b', () => { console.log('figure: 12'); });",
  failing: "it('a', () => { expect(1).toBe(2); }); it('b', () => {});",
  kafka:
    "describe.skip('log on Kafka (no broker)', () => { it('a', () => {}); it('b', () => {}); }); it('c', () => {});",
  browser: "describe.skip('a page (no Chromium: not on PATH)', () => { it('a', () => {}); });",
  skipped: "it.skip('a', () => {}); it('b', () => {});",
  broken: 'throw new Error("at import");',
};

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly last: string | undefined;
}

function run(names: readonly (keyof typeof suites)[], ci: '' | 'true' = ''): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-run-'));
  folders.push(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of names) writeFileSync(join(folder, `${name}.spec.ts`), suites[name]);
  const args = [
    join(root, 'libs/house-rules/bin/test.mjs'),
    '--rootDir',
    folder,
    '--haste={"enableSymlinks":false}',
    '--watchman=false',
  ];
  const { ROLLCALL_TEST_RESULT: _outer, ...environment } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env: { ...environment, CI: ci } }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, last: stdout.trimEnd().split('\n').at(-1) });
    });
  });
}

describe('a test run', () => {
  it('counts what passed, and shows what tests print and a time per suite', async () => {
    const { code, last, stdout } = await run(['passing']);
    expect({ code, last }).toEqual({ code: 0, last: '2 passed, 0 failed' });
    expect(stdout).toContain('figure: 12');
    expect(stdout).toMatch(/^ok {3}passing\.spec\.ts {2}\d+\.\d s {2}2 passed$/m);
  }, 300_000);

  it('fails when one test failed, or when a suite did not even run', async () => {
    const { code, last, stdout } = await run(['passing', 'failing', 'broken']);
    expect({ code, last }).toEqual({ code: 1, last: '3 passed, 2 failed' });
    expect(stdout).toContain('FAILED failing.spec.ts');
    expect(stdout).toContain('at import');
  }, 300_000);

  it('fails when there was nothing to run', async () => {
    expect((await run([])).code).not.toBe(0);
  }, 300_000);

  it('names suites that lack a broker or a browser, and fails for them in CI', async () => {
    const outside = await run(['kafka', 'browser', 'skipped']);
    expect({ code: outside.code, last: outside.last }).toEqual({ code: 0, last: '2 passed, 0 failed, 4 skipped' });
    expect(outside.stdout).toContain('SKIPPED for want of a broker: kafka.spec.ts (2)');
    expect(outside.stdout).toContain('SKIPPED for want of a browser: browser.spec.ts (1)');
    const inCi = await run(['kafka', 'skipped'], 'true');
    expect({ code: inCi.code, last: inCi.last }).toEqual({ code: 1, last: '2 passed, 2 failed, 1 skipped' });
  }, 300_000);
});
