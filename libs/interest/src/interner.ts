// Names to dense integers and back. Invariant: a name keeps its number for the life of the table; numbers are 0, 1, 2 …
// without a gap, so that everything known of a name can lie in typed columns.

export class Interner {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** The number of this name, a new one if it has none. */
  intern(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#numbers.set(name, number);
    this.#names.push(name);
    return number;
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  nameOf(number: number): string {
    const name = this.#names[number];
    if (name === undefined) throw new Error(`no name has the number ${number}`);
    return name;
  }

  get size(): number {
    return this.#names.length;
  }
}
