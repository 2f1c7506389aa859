// A folder in the place for temporary files. Invariant: it is gone when this process has exited, however it was told to (but by
// SIGKILL); who writes in it has ended by then (a child: killed at exit, ahead of this).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class PassingFolder {
  readonly path: string;
  readonly #onExit = (): void => this.#remove();

  /** `name`: how its name begins, behind `rollcall-`. */
  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `rollcall-${name}-`));
    process.once('exit', this.#onExit);
  }

  remove(): void {
    process.off('exit', this.#onExit);
    this.#remove();
  }

  #remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }
}
