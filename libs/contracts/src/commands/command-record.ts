// A decoded record of `presence.commands`, whichever version it was stored in.
import { type UserId } from '#libs/matrix';
import { type CommandInput } from '#libs/presence';

export interface CommandRecord {
  readonly userId: UserId;
  readonly input: CommandInput;
}
