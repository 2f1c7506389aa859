// Rows of numbers for what every user has: times and offsets. An object's field that holds such a number costs 24 bytes (a
// pointer and the number itself, elsewhere); in a row it costs 8 and lies beside the others. Invariant: a row belongs to one
// user for as long as anything of that user is reachable; pages of rows go when all of their users are gone.

const ROWS_A_PAGE = 128;

export class RowPages {
  #page = new Float64Array(0);
  #used = 0;

  constructor(private readonly width: number) {}

  /** A row that nobody else has: `numbers[at]` … `numbers[at + width − 1]`, all NaN. */
  claim(): { readonly numbers: Float64Array; readonly at: number } {
    if (this.#used === this.#page.length) {
      this.#page = new Float64Array(ROWS_A_PAGE * this.width).fill(Number.NaN);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += this.width;
    return { numbers: this.#page, at };
  }
}
