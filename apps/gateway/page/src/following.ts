// Follows the server until told to stop: everybody's changes for the administrator, a user's own stream otherwise, and beside it the
// engine's pulse. Invariant: every connection begins with a whole picture, so that nothing that was missed while the server was
// away stays wrong on the screen.
import type { App } from './app.js';
import { EventParser } from './event-parser.js';
import { MOST_PEOPLE, type Caller } from './model.js';
import { pause } from './pausing.js';
import { AwayError } from './server.js';
import type { MoveTold, OverviewTold, PulseTold, ViewTold } from './told.js';

const PULSE_EVERY_MS = 2_000;
const HISTORY_EVERY_MS = 5_000;
/** Rooms change without a change of presence, and strangers come whose rooms are not known. */
const OVERVIEW_EVERY_MS = 30_000;
const STRANGERS_AFTER_MS = 1_500;
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 3_000;
/** The server writes a comment every 15 s. */
const SILENT_MS = 45_000;

export function follow(app: App, caller: Caller, signal: AbortSignal): void {
  const run = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      app.failed(error);
    });
  };
  if (caller.kind === 'user') {
    run(reconnecting(app, signal, () => followOwn(app, signal)));
    return;
  }
  run(reconnecting(app, signal, () => followEverybody(app, signal)));
  run(repeating(app, signal, PULSE_EVERY_MS, async () => app.takePulse(await app.server.ask<PulseTold>('pulse'))));
  run(
    repeating(app, signal, HISTORY_EVERY_MS, async () => {
      if (app.model.past === undefined) await app.askHistory();
    }),
  );
}

/** Again and again, a little later each time it fails. */
async function reconnecting(app: App, signal: AbortSignal, connect: () => Promise<void>): Promise<void> {
  let waitMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      await connect();
      waitMs = FIRST_RETRY_MS;
    } catch (error) {
      if (!signal.aborted) app.failed(error);
      waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 1.6);
    }
    await pause(waitMs);
  }
}

async function repeating(app: App, signal: AbortSignal, everyMs: number, ask: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        await ask();
        app.answered();
      } catch (error) {
        if (!signal.aborted) app.failed(error);
      }
    }
    await pause(everyMs);
  }
}

async function followEverybody(app: App, signal: AbortSignal): Promise<void> {
  const told = await app.server.ask<OverviewTold>('overview', { limit: MOST_PEOPLE });
  if (signal.aborted) return;
  app.answered();
  app.takeOverview(told);
  let askedMs = Date.now();
  const ended = new AbortController();
  const refresh = (): void => {
    const dueMs = app.model.live.hasStrangers ? STRANGERS_AFTER_MS : OVERVIEW_EVERY_MS;
    if (Date.now() - askedMs > dueMs) ended.abort();
  };
  const timer = setInterval(refresh, 500);
  askedMs = Date.now();
  try {
    await pour(app, {
      name: 'moves',
      question: { since: told.position },
      signals: [signal, ended.signal],
      take: (type, text) => {
        if (type === 'reset') ended.abort();
        if (type === 'moves') app.takeMoves(JSON.parse(text) as MoveTold[]);
      },
    });
  } finally {
    clearInterval(timer);
  }
}

async function followOwn(app: App, signal: AbortSignal): Promise<void> {
  await pour(app, {
    name: 'stream',
    signals: [signal],
    take: (type, text) => {
      if (type !== 'presence') return;
      const { sender, content } = JSON.parse(text) as { sender: string; content: OwnContent };
      app.takeView(sender, viewOf(content));
    },
  });
}

interface OwnContent {
  readonly presence: string;
  readonly status_msg?: string;
  readonly currently_active?: boolean;
  readonly last_active_ago?: number;
}

/** As Matrix clients are told (client-server API, m.presence), with `busy` under either of its names. */
function viewOf({ presence, last_active_ago: agoMs, ...rest }: OwnContent): ViewTold {
  const shown = presence === 'org.matrix.msc3026.busy' ? 'busy' : (presence as ViewTold['presence']);
  return { ...rest, presence: shown, ...(agoMs === undefined ? {} : { last_active_ts: Date.now() - agoMs }) };
}

interface Pouring {
  readonly name: string;
  readonly question?: Readonly<Record<string, string>>;
  readonly signals: readonly AbortSignal[];
  readonly take: (type: string, text: string) => void;
}

async function pour(app: App, { name, question = {}, signals, take }: Pouring): Promise<void> {
  const silent = new AbortController();
  let heardMs = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - heardMs > SILENT_MS) silent.abort();
  }, 5_000);
  const parser = new EventParser();
  try {
    await app.server.pour(name, question, AbortSignal.any([...signals, silent.signal]), (piece) => {
      heardMs = Date.now();
      app.answered();
      for (const { type, text } of parser.push(piece)) take(type, text);
    });
  } finally {
    clearInterval(timer);
  }
  if (silent.signal.aborted) throw new AwayError('the stream fell silent');
}
