// What `rollcall what-if` prints: totals, and the users whose online time differs most. Invariant: every difference is stated as
// "was → would be", and the totals are the sums of all users, listed or not.
import type { Policy } from '#libs/presence';
import Table from 'cli-table3';
import { shownTime } from '../exporting/window.js';
import { NO_LINES } from '../looking/as-of-command.js';
import { shownSpan } from '../looking/span-text.js';
import type { Span } from './online-time.js';
import type { Compared } from './other-policy.js';

export interface UserDifference extends Compared {
  /** Themselves and everybody who shares a room with them. */
  readonly recipients: number;
}

/** The same figures of one side. */
export interface Side {
  readonly onlineMs: number;
  readonly visibleMs: number;
  readonly changes: number;
  /** Changes times recipients. */
  readonly deliveries: number;
}

export interface WhatIfResult {
  readonly span: Span;
  readonly inForce: Policy;
  readonly policy: Policy;
  readonly inputs: number;
  /** Those first whose online time differs most. */
  readonly users: readonly UserDifference[];
  readonly was: Side;
  readonly would: Side;
}

export function sumUp(parts: Omit<WhatIfResult, 'was' | 'would'>): WhatIfResult {
  const users = [...parts.users].sort((one, other) => {
    const [a, b] = [Math.abs(differenceOf(one)), Math.abs(differenceOf(other))];
    return b - a || (one.userId < other.userId ? -1 : 1);
  });
  return { ...parts, users, was: sideOf(users, 'was'), would: sideOf(users, 'would') };
}

function differenceOf({ was, would }: Compared): number {
  return would.onlineMs - was.onlineMs;
}

function sideOf(users: readonly UserDifference[], side: 'was' | 'would'): Side {
  const sum = { onlineMs: 0, visibleMs: 0, changes: 0, deliveries: 0 };
  for (const user of users) {
    const { onlineMs, visibleMs, changes } = user[side];
    sum.onlineMs += onlineMs;
    sum.visibleMs += visibleMs;
    sum.changes += changes;
    sum.deliveries += changes * user.recipients;
  }
  return sum;
}

export function asJson({ span, inForce, policy, inputs, users, was, would }: WhatIfResult, listed: number): string {
  const side = (of: { onlineMs: number; visibleMs: number; changes: number }): object => ({
    online_ms: of.onlineMs,
    visible_ms: of.visibleMs,
    changes: of.changes,
  });
  return `${JSON.stringify({
    from_ts: span.fromMs,
    to_ts: span.toMs,
    policy_was: inForce,
    policy_would: policy,
    inputs,
    was: { ...side(was), deliveries: was.deliveries },
    would: { ...side(would), deliveries: would.deliveries },
    users: (listed === 0 ? users : users.slice(0, listed)).map((user) => ({
      user_id: user.userId,
      recipients: user.recipients,
      was: side(user.was),
      would: side(user.would),
      online_difference_ms: differenceOf(user),
    })),
  })}\n`;
}

export function asText({ span, inForce, policy, inputs, users, was, would }: WhatIfResult, listed: number): string {
  const names = (Object.keys(policy) as (keyof Policy)[]).filter((name) => policy[name] !== inForce[name]);
  const changed = names.map((name) => `${name} ${shownSpan(inForce[name])} → ${shownSpan(policy[name])}`);
  const totals = plainTable(['', 'was', 'would be', 'difference']);
  const row = (name: string, one: number, other: number, show: (value: number) => string): void => {
    totals.push([name, show(one), show(other), `${other > one ? '+' : ''}${show(other - one)}${shareOf(one, other)}`]);
  };
  const whole = (value: number): string => value.toLocaleString('en');
  row('online or busy', was.onlineMs, would.onlineMs, shownSpan);
  row('not offline', was.visibleMs, would.visibleMs, shownSpan);
  row('changes', was.changes, would.changes, whole);
  row('deliveries', was.deliveries, would.deliveries, whole);
  const differing = users.filter((user) => differenceOf(user) !== 0);
  const table = plainTable(['user', 'online was', 'would be', 'difference', 'changes was', 'would be']);
  for (const user of listed === 0 ? differing : differing.slice(0, listed)) {
    const difference = differenceOf(user);
    const signed = `${difference > 0 ? '+' : ''}${shownSpan(difference)}`;
    table.push([
      user.userId,
      shownSpan(user.was.onlineMs),
      shownSpan(user.would.onlineMs),
      signed,
      whole(user.was.changes),
      whole(user.would.changes),
    ]);
  }
  return [
    `From ${shownTime(span.fromMs)} to ${shownTime(span.toMs)}, ${whole(users.length)} users, ${whole(inputs)} inputs folded again with ${changed.length === 0 ? 'the same timings' : changed.join(', ')}:`,
    totals.toString(),
    `${whole(differing.length)} users would have been online for longer or shorter${differing.length === 0 ? '.' : ':'}`,
    ...(differing.length === 0 ? [] : [table.toString()]),
    '',
  ].join('\n');
}

function plainTable(head: string[]): Table.Table {
  return new Table({ head, chars: NO_LINES, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 } });
}

function shareOf(was: number, would: number): string {
  return was === 0 ? '' : ` (${would >= was ? '+' : ''}${(((would - was) / was) * 100).toFixed(1)} %)`;
}
