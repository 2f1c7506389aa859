// Which methods a path has, so that a wrong one is 405 and an unknown path 404 (client-server API, "Common error codes").
// Invariant: filled by the routes themselves as they are registered; there is no second list.

interface BookedRoute {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export class RouteBook {
  readonly #routes = new Map<string, BookedRoute>();

  add(url: string, methods: string | readonly string[]): void {
    const known = this.#routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    this.#routes.set(url, known);
    for (const method of [methods].flat()) known.methods.add(method);
  }

  /** Empty: there is no such path. */
  methodsOf(path: string): string[] {
    const methods = new Set<string>();
    for (const { pattern, methods: known } of this.#routes.values())
      if (pattern.test(path)) for (const method of known) methods.add(method);
    return [...methods].sort();
  }
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}/?$`);
}
