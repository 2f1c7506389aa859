// One user: two registers, what was last told of them, and the times up to which that holds. Invariant: versions count
// from 1 in every life, and nothing takes effect before the last evaluation. Mutable on purpose: this is the hot path.
import { ACTIVITY_NUMBERS, ActivityRegister, NEVER } from './activity-register.js';
import { COMMAND_NUMBERS, CommandRegister } from './command-register.js';
import { NO_DEADLINE, nextDeadline } from './deadline.js';
import { SHOWS_NOTHING, activeShown, evaluate, lastActiveMs, rankShown, type Showing } from './evaluate.js';
import { RowPages } from './number-rows.js';
import type { Policy } from './policy.js';
import { PRESENCE_BY_RANK, RANK_OFFLINE, type View } from './view.js';

const OWN_NUMBERS = 4;
const NUMBERS = OWN_NUMBERS + ACTIVITY_NUMBERS + COMMAND_NUMBERS;
const ROWS = new RowPages(NUMBERS);

export class Aggregate {
  readonly activity: ActivityRegister;
  readonly commands: CommandRegister;
  life = 0;
  /** The version of the last change in this life; 0 = none yet. */
  version = 0;
  /** What was last told; before the first change: offline, no message, not active. */
  shown: Showing = SHOWS_NOTHING;
  shownStatusMsg: string | undefined = undefined;
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor() {
    const { numbers, at } = ROWS.claim();
    this.#numbers = numbers;
    this.#at = at;
    this.activity = new ActivityRegister(numbers, at + OWN_NUMBERS);
    this.commands = new CommandRegister(numbers, at + OWN_NUMBERS + ACTIVITY_NUMBERS);
    this.evaluatedAtMs = NEVER;
    this.forgottenAtMs = NEVER;
    this.deadlineMs = NO_DEADLINE;
  }

  /** As if no input had ever come: for a user whose place it takes. */
  clear(): void {
    this.activity.clear();
    this.commands.clear();
    this.life = 0;
    this.version = 0;
    this.shown = SHOWS_NOTHING;
    this.shownStatusMsg = undefined;
    this.frozenActiveAtMs = Number.NaN;
    this.evaluatedAtMs = NEVER;
    this.forgottenAtMs = NEVER;
    this.deadlineMs = NO_DEADLINE;
  }

  /** All of its times and offsets, to the beginning of `cells` (packed-layout.ts names them). */
  writeNumbers(cells: Float64Array): void {
    for (let index = 0; index < NUMBERS; index += 1) cells[index] = this.#numbers[this.#at + index]!;
  }

  readNumbers(cells: Float64Array, from: number): void {
    for (let index = 0; index < NUMBERS; index += 1) this.#numbers[this.#at + index] = cells[from + index]!;
  }

  /** `last_active_at` of the last view that was not offline; NaN = never visible. Shown while offline. */
  get frozenActiveAtMs(): number {
    return this.#numbers[this.#at]!;
  }

  set frozenActiveAtMs(atMs: number) {
    this.#numbers[this.#at] = atMs;
  }

  /** The latest of its inputs' effective times and its changes' times; nothing takes effect before. */
  get evaluatedAtMs(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set evaluatedAtMs(atMs: number) {
    this.#numbers[this.#at + 1] = atMs;
  }

  /** The time of the last `user.forget`: activity up to it is ignored. */
  get forgottenAtMs(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set forgottenAtMs(atMs: number) {
    this.#numbers[this.#at + 2] = atMs;
  }

  /** Derived from the registers: the next instant at which the view may change. */
  get deadlineMs(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set deadlineMs(atMs: number) {
    this.#numbers[this.#at + 3] = atMs;
  }
}

/** A user exists from the first input of a life on; before that the view is absent. */
export function exists(aggregate: Aggregate): boolean {
  return !Number.isNaN(aggregate.activity.firstAtMs) || !Number.isNaN(aggregate.commands.firstAtMs);
}

/** What others see at `nowMs` (at or after the last evaluation); undefined = absent, which is not offline. */
export function viewAt(aggregate: Aggregate, nowMs: number, policy: Policy): View | undefined {
  if (!exists(aggregate)) return undefined;
  const showing = evaluate(aggregate, nowMs, policy);
  const hidden = rankShown(showing) === RANK_OFFLINE && rankShown(aggregate.shown) === RANK_OFFLINE;
  return viewOf(showing, aggregate.commands.statusMsg, hidden ? aggregate.frozenActiveAtMs : lastActiveMs(aggregate));
}

/** Recomputes what is derived, after the registers were restored. */
export function rearm(aggregate: Aggregate, policy: Policy): void {
  aggregate.deadlineMs = nextDeadline(aggregate, aggregate.evaluatedAtMs, policy);
}

/** The view that a showing stands for. NaN = no time. */
export function viewOf(showing: Showing, statusMsg: string | undefined, lastActiveAtMs: number): View {
  const presence = PRESENCE_BY_RANK[rankShown(showing)]!;
  const currentlyActive = activeShown(showing);
  const isTimed = !Number.isNaN(lastActiveAtMs);
  // Written out, because every change makes two views and copying them took longer than all of `evaluate`.
  if (statusMsg === undefined)
    return isTimed ? { presence, currentlyActive, lastActiveAtMs } : { presence, currentlyActive };
  return isTimed ? { presence, currentlyActive, statusMsg, lastActiveAtMs } : { presence, currentlyActive, statusMsg };
}
