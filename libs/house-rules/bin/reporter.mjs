// What a test run prints: a line per suite with its time and count, the failures in full, what tests print themselves, and at
// the end the slowest suites, the skipped ones by name, and the count. In CI what lacks a broker or a browser is a failure: a check that
// did not run must not look like one that passed.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const wants = [
  { want: 'a broker', is: /kafka/i },
  { want: 'a browser', is: /no Chromium/ },
];

/** Suites in which something was skipped for want of what they need, by name, from jest's results. */
export const skippedForWant = (results, root) =>
  results.flatMap(({ numPendingTests, skipped, testFilePath, testResults }) => {
    if (numPendingTests === 0 && !skipped) return [];
    const names = testResults
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => fullName);
    const text = [relative(root, testFilePath), ...names].join('\n');
    const wanted = wants.find(({ is }) => is.test(text));
    if (wanted === undefined) return [];
    return [{ name: relative(root, testFilePath), tests: Math.max(1, numPendingTests), want: wanted.want }];
  });

/** The closing count. A suite that did not run at all counts as one failure. */
export const count = (results, root, inCi) => {
  const crashed = results.filter(
    ({ testExecError, failureMessage, numFailingTests }) => (testExecError || failureMessage) && numFailingTests === 0,
  );
  const sum = (field) => results.reduce((total, result) => total + (result[field] ?? 0), 0);
  const wanting = inCi ? skippedForWant(results, root).reduce((total, { tests }) => total + tests, 0) : 0;
  return {
    passed: sum('numPassingTests'),
    failed: sum('numFailingTests') + crashed.length + wanting,
    skipped: Math.max(0, sum('numPendingTests') + sum('numTodoTests') - wanting),
  };
};

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export default class Reporter {
  constructor(config) {
    this.root = config.rootDir;
    this.inCi = /^(1|true)$/.test(process.env.CI ?? '');
    this.failed = false;
  }

  onTestResult(_test, result) {
    const { perfStats, numPassingTests, numFailingTests, numPendingTests } = result;
    const bad = numFailingTests > 0 || result.testExecError !== undefined;
    const counts = [
      `${numPassingTests} passed`,
      numFailingTests > 0 && `${numFailingTests} failed`,
      numPendingTests > 0 && `${numPendingTests} skipped`,
    ];
    const time = seconds(perfStats.end - perfStats.start);
    process.stdout.write(
      `${bad ? 'FAIL' : 'ok  '} ${relative(this.root, result.testFilePath)}  ${time}  ${counts.filter(Boolean).join(', ')}\n`,
    );
    for (const { message } of result.console ?? []) process.stdout.write(`${message.replace(/^/gm, '     ')}\n`);
    if (result.failureMessage) process.stdout.write(`${result.failureMessage}\n`);
  }

  onRunComplete(_contexts, { testResults, startTime, wasInterrupted }) {
    const counted = count(testResults, this.root, this.inCi);
    const slowest = testResults
      .map(({ perfStats, testFilePath }) => ({
        ms: perfStats.end - perfStats.start,
        name: relative(this.root, testFilePath),
      }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, 8);
    const lines = ['', `${testResults.length} suites in ${seconds(Date.now() - startTime)}; the slowest:`];
    for (const { ms, name } of slowest) lines.push(`  ${seconds(ms).padStart(8)}  ${name}`);
    for (const { testFilePath } of testResults.filter(({ failureMessage }) => failureMessage))
      lines.push(`FAILED ${relative(this.root, testFilePath)}`);
    for (const { name, tests, want } of skippedForWant(testResults, this.root)) {
      lines.push(`SKIPPED for want of ${want}: ${name} (${tests})${this.inCi ? ', which is a failure in CI' : ''}`);
    }
    if (wasInterrupted) counted.failed = Math.max(1, counted.failed);
    this.failed = counted.failed > 0;
    process.stdout.write(`${lines.join('\n')}\n`);
    const file = process.env.ROLLCALL_TEST_RESULT;
    if (file) writeFileSync(file, JSON.stringify(counted));
    else
      process.stdout.write(
        `${counted.passed} passed, ${counted.failed} failed${counted.skipped > 0 ? `, ${counted.skipped} skipped` : ''}\n`,
      );
  }

  getLastError() {
    return this.failed ? new Error('tests failed') : undefined;
  }
}
