// The order in which a process stops: not ready → stop HTTP → end sessions → finish the batch and commit → leave → close.
// Invariant: a phase starts when every step of the phase before it has ended or the deadline has passed; a step that fails
// is told and does not keep the others from running. Nest's own hooks know no such order, so they are not used for it.

export const SHUTDOWN_PHASES = ['unready', 'stop-http', 'end-sessions', 'finish', 'leave', 'close'] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

export interface ShutdownStep {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

export type ShutdownOutcome = 'finished' | 'failed' | 'late';

export interface ShutdownReporter {
  stepFailed(step: ShutdownStep, error: unknown): void;
  late(waitingFor: readonly string[]): void;
}

/** Injected by its class; apps register their steps while their modules are built. Steps of one phase run at the same time. */
export class ShutdownSequence {
  readonly #steps: ShutdownStep[] = [];
  #running: Promise<ShutdownOutcome> | undefined;

  step(phase: ShutdownPhase, name: string, run: () => void | Promise<void>): void {
    this.#steps.push({ phase, name, run });
  }

  /** Runs once; later calls get the same promise. */
  run(deadlineMs: number, reporter: ShutdownReporter): Promise<ShutdownOutcome> {
    this.#running ??= this.#run(deadlineMs, reporter);
    return this.#running;
  }

  async #run(deadlineMs: number, reporter: ShutdownReporter): Promise<ShutdownOutcome> {
    const waitingFor = new Set<string>();
    let outcome: ShutdownOutcome = 'finished';
    const take = async (step: ShutdownStep): Promise<void> => {
      waitingFor.add(`${step.phase}: ${step.name}`);
      try {
        await step.run();
      } catch (error) {
        outcome = 'failed';
        reporter.stepFailed(step, error);
      }
      waitingFor.delete(`${step.phase}: ${step.name}`);
    };
    const all = async (): Promise<ShutdownOutcome> => {
      for (const phase of SHUTDOWN_PHASES) {
        await Promise.all(this.#steps.filter((step) => step.phase === phase).map(take));
      }
      return outcome;
    };
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<ShutdownOutcome>((resolve) => {
      timer = setTimeout(() => {
        reporter.late([...waitingFor]);
        resolve('late');
      }, deadlineMs);
    });
    try {
      return await Promise.race([all(), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}
