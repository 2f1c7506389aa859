// Topics that are looked up in one turn of the event loop, asked for together: after a broker was away a thousand of them are.
// Invariant: an answer is never older than the question, since whoever asks may just have learnt that what was known is wrong.
import type { ClusterMetadata, TopicMetadata } from './metadata-request.js';

type Answer = Promise<ReadonlyMap<string, TopicMetadata>>;

export class TopicLookUps {
  readonly #names = new Set<string>();
  #answer: Answer | undefined;

  constructor(private readonly ask: (names: readonly string[]) => Promise<ClusterMetadata>) {}

  /** Undefined = the answer does not name it. */
  async find(name: string): Promise<TopicMetadata | undefined> {
    this.#names.add(name);
    this.#answer ??= this.#atTheEndOfThisTurn();
    return (await this.#answer).get(name);
  }

  async #atTheEndOfThisTurn(): Answer {
    await new Promise((resolve) => setImmediate(resolve));
    const names = [...this.#names];
    this.#names.clear();
    this.#answer = undefined;
    const { topics } = await this.ask(names);
    return new Map(topics.map((topic) => [topic.name, topic]));
  }
}
