// A change as the inputs make it, and as it would be stored. Invariant: its text is made once, and only when somebody compares it.
import { encodeChange, type Applied, type Cause } from '#libs/contracts';
import type { Change } from '#libs/presence';

export class ToldChange {
  #text: string | undefined;

  constructor(
    readonly userId: string,
    readonly change: Change,
    private readonly circumstances: { readonly cause: Cause; readonly applied: Applied },
  ) {}

  get text(): string {
    return (this.#text ??= encodeChange({ ...this.change, userId: this.userId, ...this.circumstances }));
  }
}
