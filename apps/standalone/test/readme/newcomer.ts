// A newcomer who types the README's commands, one after the other. Invariant: what is typed is what stands there, but for the
// addresses, since others on this machine may have those ports; exit code 0, no refusal, and the output that the README shows.
import { missingLines, type ReadmeCommand } from './readme-commands.js';
import { LASTING, LISTENING, SMALLER } from './plan.js';
import type { Terminal } from './terminal.js';

export class Newcomer {
  /** As the README says, and as it is here. */
  readonly addresses = new Map<string, string>();
  /** What goes on, by the command of the README. */
  readonly #started = new Map<string, string>();

  constructor(
    readonly terminal: Terminal,
    private readonly httpPort: number,
  ) {
    this.addresses.set('127.0.0.1:8090', `127.0.0.1:${httpPort}`);
  }

  /** Resolves with what was printed; throws what is wrong. */
  async follow({ text, shown, line }: ReadmeCommand): Promise<string> {
    const typed = this.#here(SMALLER.get(text)?.runs ?? text);
    const sign = LASTING.get(text);
    if (sign !== undefined) {
      const started = LISTENING.test(text) ? `HTTP_PORT=${this.httpPort} ${typed}` : typed;
      this.#started.set(text, started);
      return this.terminal.begin(started, sign);
    }
    const { code, stdout, stderr } = await this.terminal.run(typed);
    const said = `It printed:\n${stdout}\n${stderr}`;
    if (code !== 0) throw new Error(`README.md line ${line} ends with exit code ${code}. ${said}`);
    if (stdout.includes('"errcode"')) throw new Error(`README.md line ${line} is refused. ${said}`);
    const missing = missingLines(
      shown.map((one) => this.#here(one)),
      stdout,
    );
    if (missing.length > 0) throw new Error(`README.md line ${line} does not print ${missing.join('\n')}. ${said}`);
    return stdout;
  }

  /** Ctrl-C, where that command goes on. */
  async stop(text: string): Promise<void> {
    const started = this.#started.get(text);
    this.#started.delete(text);
    if (started !== undefined) await this.terminal.interrupt(started);
  }

  #here(text: string): string {
    let here = text;
    for (const [there, address] of this.addresses) here = here.replaceAll(there, address);
    return here;
  }
}
