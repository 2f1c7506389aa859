// The measuring process runs through: every line is a figure. What the figures are is for people to judge.
import { tmpdir } from 'node:os';
import { runProgram } from '#libs/testing';

it('measures the embedded log', async () => {
  const measuring = runProgram('libs/event-log-embedded/src/throughput.process.ts', [tmpdir(), '0.02']);
  expect((await measuring.ended).code).toBe(0);
  const lines = measuring.output().trim().split('\n');
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ measure: expect.any(String), perSecond: expect.any(Number) });
}, 60_000);
