// A line on standard error that says how far a command is, on a terminal only. Invariant: it is gone before anything else is
// printed there. It stands apart so that no command knows about terminals.
import type { Surroundings } from './surroundings.js';

const everyMs = 200;
const clearLine = '\r\u001b[K';

export class Progress {
  readonly #surroundings: Surroundings;
  #shownAtMs = 0;
  #isShown = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** `say` is asked only when it is time to show something new. */
  show(say: () => string): void {
    const { isTerminal, nowMs, stderr } = this.#surroundings;
    if (!isTerminal || nowMs() - this.#shownAtMs < everyMs) return;
    this.#shownAtMs = nowMs();
    this.#isShown = true;
    // A terminal that cannot keep up shows less.
    stderr.write(`${clearLine}${say()}`).catch(() => this.#hide());
  }

  /** A sentence for the user, on a line of its own. */
  async note(sentence: string): Promise<void> {
    await this.#surroundings.stderr.write(`${this.#hide()}${sentence}\n`);
  }

  async end(): Promise<void> {
    const clear = this.#hide();
    if (clear !== '') await this.#surroundings.stderr.write(clear);
  }

  #hide(): string {
    const clear = this.#isShown ? clearLine : '';
    this.#isShown = false;
    return clear;
  }
}
