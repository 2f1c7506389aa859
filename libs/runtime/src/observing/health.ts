// Who says how this process is. Invariant: liveness asks only whether the process itself can go on (a broker outage never
// makes it fail, or every process would be restarted at once for a fault that is not theirs); readiness asks whether it serves.

/** undefined = well; else one sentence saying why not. Asked on every probe: cheap, never waits. */
export type Contributor = () => string | undefined;

export interface HealthReport {
  readonly well: boolean;
  /** Contributor name → `ok` or the sentence. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Injected by its class. */
export class HealthRegistry {
  readonly #liveness = new Map<string, Contributor>();
  readonly #readiness = new Map<string, Contributor>();

  liveness(name: string, contributor: Contributor): void {
    this.#liveness.set(name, contributor);
  }

  readiness(name: string, contributor: Contributor): void {
    this.#readiness.set(name, contributor);
  }

  live(): HealthReport {
    return report(this.#liveness);
  }

  ready(): HealthReport {
    return report(new Map([...this.#liveness, ...this.#readiness]));
  }
}

function report(contributors: ReadonlyMap<string, Contributor>): HealthReport {
  const checks: Record<string, string> = {};
  let well = true;
  for (const [name, contributor] of contributors) {
    const complaint = contributor();
    checks[name] = complaint ?? 'ok';
    if (complaint !== undefined) well = false;
  }
  return { well, checks };
}
