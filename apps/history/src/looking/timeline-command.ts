// `rollcall timeline`: one user's sessions and states, what they lasted and what began them; on a terminal a bar above the table.
// Invariant: the same answer for somebody who never was and for somebody who was forgotten.
import { topicNames } from '#libs/contracts';
import type { Configuration } from '#libs/runtime';
import Table from 'cli-table3';
import { readLiving } from '../erasure/living.js';
import { shownTime } from '../exporting/window.js';
import { Failure } from '../failure.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { NO_LINES, printable } from './as-of-command.js';
import { BAR_LEGEND, barOf } from './bar.js';
import { causeText } from './cause-text.js';
import { shownSpan } from './span-text.js';
import { readWindow } from './history-window.js';
import { viewsOf } from './partition-as-of.js';
import { durationsOf, sessionsOf, stretchesIn, type StateStretch, type Window } from './stretches-of-day.js';

export interface TimelineCommand extends Window {
  readonly userId: string;
  readonly json: boolean;
}

const BAR_WIDTH = 72;

export async function runTimeline(
  { userId, fromMs, toMs, json }: TimelineCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  const topics = topicNames(configuration.topics.prefix);
  const stretches = await withLog(surroundings, configuration, 'read', async (log) => {
    const ends = await log.ends(topics.changes);
    const partition = log.partitionOf(userId, ends.length);
    const users = new Set([userId]);
    const living = await readLiving(log, topics.states, partition, users);
    if (living.lifeOf(userId) === undefined) throw new Failure(`The history holds nothing of ${userId}.`);
    const { ending } = surroundings;
    const changesEnd = ends[partition] ?? 0;
    const window = await readWindow({ log, topics, partition, atMs: fromMs, toMs, changesEnd, users, ending });
    const [before] = viewsOf(window, living, users);
    const changes = window.later.filter(({ life }) => living.shows(userId, life));
    return stretchesIn({ fromMs, toMs }, before, changes);
  });
  const window = { fromMs, toMs };
  await surroundings.stdout.write(
    json
      ? `${JSON.stringify(shown(userId, stretches, window))}\n`
      : asText(userId, stretches, window, surroundings.isTerminal),
  );
  return 0;
}

function shown(userId: string, stretches: readonly StateStretch[], window: Window): object {
  return {
    user_id: userId,
    from_ts: window.fromMs,
    to_ts: window.toMs,
    duration_ms: durationsOf(stretches),
    sessions: sessionsOf(stretches, window).map(({ fromMs, toMs, isOpen }) => ({
      from_ts: fromMs,
      to_ts: toMs,
      duration_ms: toMs - fromMs,
      open: isOpen,
    })),
    states: stretches.map(({ fromMs, toMs, presence, currentlyActive, statusMsg, cause, isOpen }) => ({
      from_ts: fromMs,
      to_ts: toMs,
      duration_ms: toMs - fromMs,
      presence,
      currently_active: currentlyActive,
      status_msg: statusMsg,
      cause,
      open: isOpen,
    })),
  };
}

function asText(userId: string, stretches: readonly StateStretch[], window: Window, isTerminal: boolean): string {
  const heading = `${userId} from ${shownTime(window.fromMs)} to ${shownTime(window.toMs)}`;
  if (stretches.length === 0) return `${heading}: nothing was shown.\n`;
  const durations = durationsOf(stretches);
  const sessions = sessionsOf(stretches, window);
  const sums = (['online', 'busy', 'unavailable', 'offline'] as const)
    .filter((presence) => durations[presence] > 0)
    .map((presence) => `${presence} ${shownSpan(durations[presence])}`);
  const bar = isTerminal ? `${barOf(stretches, window, BAR_WIDTH)}\n${BAR_LEGEND}\n` : '';
  const table = new Table({
    head: ['from', 'for', 'presence', 'active', 'because', 'message'],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const { fromMs, toMs, presence, currentlyActive, cause, statusMsg, isOpen } of stretches) {
    const span = `${shownSpan(toMs - fromMs)}${isOpen ? ' …' : ''}`;
    table.push([
      shownTime(fromMs),
      span,
      presence,
      currentlyActive ? 'active' : '',
      causeText(cause),
      printable(statusMsg ?? ''),
    ]);
  }
  const count = `${sessions.length} ${sessions.length === 1 ? 'session' : 'sessions'}`;
  return `${heading}: ${count}; ${sums.join(', ')}\n${bar}${table.toString()}\n`;
}
