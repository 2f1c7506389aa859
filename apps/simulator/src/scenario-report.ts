// Runs a file of scenarios through the chosen ways and prints one line each. Invariant: a scenario is ok only when it
// passes every chosen way, and lines come in the order of the file, however many run at once.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { faultOf, parseScenario, type Scenario, type ScenarioOutcome } from '#libs/testing';

/** A way to run a timeline: the domain alone, the engine on a log, … */
export interface ScenarioWay {
  readonly name: string;
  /** How many may run at once. */
  readonly width: number;
  readonly run: (scenario: Scenario) => ScenarioOutcome | Promise<ScenarioOutcome>;
  readonly close?: () => Promise<void>;
}

export interface ScenarioCount {
  readonly passed: number;
  readonly failed: number;
}

export interface ReportOptions {
  readonly file: string;
  readonly ways: readonly ScenarioWay[];
  readonly print: (line: string) => void;
  readonly onProgress?: (done: number) => void;
}

/** Runs all scenarios of a JSONL file; a line that is no scenario counts as failed, by its number. */
export async function reportScenarios({ file, ways, print, onProgress }: ReportOptions): Promise<ScenarioCount> {
  const width = Math.max(1, Math.min(...ways.map((way) => way.width)));
  const verdicts: Promise<string>[] = [];
  let passed = 0;
  let failed = 0;
  const settleOldest = async (): Promise<void> => {
    const line = await verdicts.shift()!;
    if (line.startsWith('ok ')) passed += 1;
    else failed += 1;
    print(line);
    onProgress?.(passed + failed);
  };
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    verdicts.push(verdictOf(line, number, ways));
    if (verdicts.length >= width) await settleOldest();
  }
  while (verdicts.length > 0) await settleOldest();
  return { passed, failed };
}

async function verdictOf(line: string, number: number, ways: readonly ScenarioWay[]): Promise<string> {
  let scenario: Scenario;
  try {
    scenario = parseScenario(line);
  } catch (error) {
    return `FAIL line ${number}: ${messageOf(error)}`;
  }
  for (const way of ways) {
    try {
      const fault = faultOf(scenario, await way.run(scenario));
      if (fault !== undefined) return `FAIL ${scenario.id}: ${fault} (through the ${way.name})`;
    } catch (error) {
      return `FAIL ${scenario.id}: ${messageOf(error)} (through the ${way.name})`;
    }
  }
  return `ok ${scenario.id}`;
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
}
