// How much news all inboxes of a gateway hold together. Invariant: counted once for every sender in every inbox; when there is too
// much of it, each inbox keeps less, and whoever has not read what goes is told from the views.

export class KeptNews {
  count = 0;

  constructor(private readonly most: number) {}

  get isFull(): boolean {
    return this.count >= this.most;
  }
}
