// What every main does around `serve`: reads the configuration, prints sentences instead of stacks, minds signals, sets the
// exit code. Invariant: exit 0 only after a complete ordered stop; 78 (EX_CONFIG) for a configuration that is refused,
// 1 for anything else; a second signal, a second later or more, ends the process at once.

import { setFlagsFromString } from 'node:v8';
import { onEndingSignal } from './ending.js';
import { describeConfiguration } from './configuration/describe.js';
import type { ProcessName } from './configuration/configuration.js';
import {
  ConfigurationError,
  readConfiguration,
  type ConfigurationRead,
  type Environment,
} from './configuration/read.js';
import { explainStart } from './start-failure.js';
import { serve, type Composition, type RunningProcess } from './serve.js';

export interface MainOptions extends Composition {
  readonly app: ProcessName;
  readonly environment: Environment;
  /** After the program's name. */
  readonly arguments: readonly string[];
  /** Lines for stdout once the process serves. */
  readonly greeting?: (running: RunningProcess) => readonly string[];
}

const EXIT_CONFIGURATION = 78;
const EXIT_FAILED = 1;
const LEAVE_ANYWAY_MS = 1_000;
const READY_POLL_MS = 20;
/** V8 11 (Node 20) optimises late, after 67,584 bytes of code run; later ones have a compiler in between, and no such flag. */
const COMPILE_EARLY = process.versions.v8.startsWith('11.') ? '--interrupt-budget=20000' : undefined;

export async function runMain(options: MainOptions): Promise<void> {
  if (COMPILE_EARLY !== undefined) setFlagsFromString(COMPILE_EARLY);
  let read: ConfigurationRead;
  try {
    read = readConfiguration(withArguments(options), options.app);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    refuse(options.app, error.message, EXIT_CONFIGURATION);
    return;
  }
  const told = new Promise<string>((resolve) => onEndingSignal(['SIGTERM', 'SIGINT'], resolve));
  // A reader of our lines that goes away (`npm start | head`) takes nothing with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let running: RunningProcess;
  try {
    const started = serve({ ...options, configuration: read.configuration });
    running = await Promise.race([started, told.then(() => patience(read.configuration.shutdownTimeoutMs))]);
  } catch (error) {
    const { text, isConfiguration } = explainStart(error, read.configuration);
    refuse(options.app, text, isConfiguration ? EXIT_CONFIGURATION : EXIT_FAILED);
    leaveSoon();
    return;
  }
  const { journal, supervisor } = running.surroundings;
  // Nobody may throw where nobody catches; if somebody does, it is a bug, and the process ends in order with its cause.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (thrown: unknown) => {
      supervisor.giveUp(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  }
  for (const hint of read.hints) journal.warn(hint);
  journal.info(`${options.app} serves`, { url: running.url, configuration: describeConfiguration(read.configuration) });
  const end = Promise.race([
    told,
    new Promise<Error>((resolve) => {
      supervisor.onGivenUp(resolve);
    }),
  ]);
  if ((await Promise.race([end, readiness(running)])) === 'ready') {
    journal.info(`${options.app} is ready`);
    for (const line of options.greeting?.(running) ?? []) process.stdout.write(`${line}\n`);
  }
  const why = await end;
  journal.info(why instanceof Error ? 'stopping, because it cannot go on' : `stopping, told by ${why}`);
  const outcome = await running.stop();
  journal.info(`stopped: ${outcome}`);
  process.exitCode = why instanceof Error || outcome !== 'finished' ? EXIT_FAILED : 0;
  leaveSoon();
}

/** Every part has restored and caught up: a line to paste shows what it promises. */
async function readiness({ surroundings: { health } }: RunningProcess): Promise<'ready'> {
  while (!health.ready().well) await new Promise((wake) => setTimeout(wake, READY_POLL_MS).unref());
  return 'ready';
}

/** Each is its variable set to true for one start; nothing else is understood. */
const SWITCHES: ReadonlyMap<string, string> = new Map([
  ['--accept-loss', 'ACCEPT_LOSS'],
  ['--demo', 'DEMO'],
]);

function withArguments(options: MainOptions): Environment {
  const unknown = options.arguments.filter((argument) => !SWITCHES.has(argument));
  if (unknown.length > 0)
    throw new ConfigurationError([
      `Argument ${unknown.join(' ')} is not understood; allowed: ${[...SWITCHES.keys()].join(', ')}. Everything else is set by environment variables.`,
    ]);
  const set = options.arguments.map((argument): [string, string] => [SWITCHES.get(argument) ?? argument, 'true']);
  return { ...options.environment, ...Object.fromEntries(set) };
}

/** Told to stop while it starts, a process first becomes whole, then stops in order; but it does not wait for ever for that. */
async function patience(timeoutMs: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, timeoutMs).unref());
  process.exit(EXIT_FAILED);
}

function refuse(app: ProcessName, text: string, exitCode: number): void {
  process.stderr.write(`${app} does not start:\n  ${text.replaceAll('\n', '\n  ')}\n`);
  process.exitCode = exitCode;
}

/** What still holds the loop (a client library's timer) must not keep a stopped process. */
function leaveSoon(): void {
  setTimeout(() => {
    process.exit();
  }, LEAVE_ANYWAY_MS).unref();
}
