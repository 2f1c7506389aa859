// A change as the inputs make it, and as it would be stored. Invariant: its text is made once, and only when somebody compares texts:
// most changes are found equal without one.
import { encodeChange, type InputWord } from '#libs/contracts';
import type { Change, Timer } from '#libs/presence';
import type { UserNumbers } from '../user-numbers.js';
import type { MadeBy } from './written-change.js';

export interface Circumstances extends MadeBy {
  /** Last offset taken of each input, −1 = none. */
  readonly activity: number;
  readonly commands: number;
}

export class ToldChange implements Circumstances {
  readonly timer: Timer | undefined;
  readonly topic: InputWord;
  readonly offset: number;
  readonly activity: number;
  readonly commands: number;
  #text: string | undefined;

  constructor(
    private readonly users: UserNumbers,
    readonly user: number,
    readonly change: Change,
    { topic, offset, activity, commands }: Omit<Circumstances, 'timer'>,
  ) {
    this.timer = change.kind === 'changed' ? change.timer : undefined;
    this.topic = topic;
    this.offset = offset;
    this.activity = activity;
    this.commands = commands;
  }

  get userId(): string {
    return this.users.name(this.user);
  }

  get text(): string {
    const { change, userId, timer, topic, offset, activity, commands } = this;
    const cause = timer === undefined ? { topic, offset } : { timer };
    const applied = { ...(activity < 0 ? {} : { activity }), ...(commands < 0 ? {} : { commands }) };
    return (this.#text ??= encodeChange({ ...change, userId, cause, applied }));
  }
}
