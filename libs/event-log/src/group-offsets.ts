// What groups have committed, in memory. Invariant: the last commit of a topic-partition wins. It stands apart because
// commits arrive alone and inside transactions alike.
import type { GroupOffset } from './port.js';

export class GroupOffsets {
  private readonly byTopic = new Map<string, Map<number, GroupOffset>>();

  set(group: string, positions: readonly GroupOffset[]): void {
    for (const position of positions) {
      const key = JSON.stringify([group, position.topic]);
      const known = this.byTopic.get(key) ?? new Map<number, GroupOffset>();
      known.set(position.partition, { ...position });
      this.byTopic.set(key, known);
    }
  }

  get(group: string, topic: string): ReadonlyMap<number, GroupOffset> {
    return new Map(this.byTopic.get(JSON.stringify([group, topic])));
  }

  forget(topic: string): void {
    for (const key of this.byTopic.keys()) if ((JSON.parse(key) as string[])[1] === topic) this.byTopic.delete(key);
  }
}
