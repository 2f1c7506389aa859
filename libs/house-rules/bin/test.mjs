// `npm test`: builds what end-to-end tests start, then runs every suite, the house rules and the type check among them, in one
// jest, and ends with one line that counts all tests. Invariant: the exit code is 0 only when the count says that nothing failed.
// It stands apart from jest because jest may die before it has counted.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { buildIfStale, root } from './steps.mjs';

const args = process.argv.slice(2);
// Fault suites and simulations read SOAK and run at full length.
if (args[0] === '--soak') {
  args.shift();
  process.env.SOAK = '1';
  if (args.length === 0) args.push('faults|outage|\\.sim\\.spec');
}
// A build that fails does not hide the other results: the type check names its errors, as a test.
await buildIfStale('go on');

const folder = join(root, 'node_modules', '.cache', 'rollcall');
const result = join(folder, `result-${process.pid}.json`);
mkdirSync(folder, { recursive: true });
const jest = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--config',
    join(root, 'libs/house-rules/jest.config.mjs'),
    ...args,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ROLLCALL_TEST_RESULT: result } },
);
const stop = (signal) => jest.kill(signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

const readCount = () => {
  try {
    return JSON.parse(readFileSync(result, 'utf8'));
  } catch {
    return undefined;
  }
};

jest.on('close', (code, signal) => {
  const count = readCount();
  rmSync(result, { force: true });
  if (count === undefined) {
    if (code === 0) process.exit(0); // jest was asked something else than to run tests (--listTests, --help)
    process.stderr.write(
      `jest ended ${signal ? `by ${signal}` : `with exit code ${code}`} before it had counted its tests\n`,
    );
  }
  const { passed, failed, skipped } = count ?? { passed: 0, failed: 1, skipped: 0 };
  const failures = failed === 0 && code !== 0 ? 1 : failed;
  if (failures !== failed)
    process.stderr.write(`every test passed, but jest ended with exit code ${code}: counted as one failure\n`);
  process.stdout.write(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = signal ? 128 + (constants.signals[signal] ?? 0) : failures > 0 ? code || 1 : 0;
});
