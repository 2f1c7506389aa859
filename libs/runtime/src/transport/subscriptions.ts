// What an app wants to read, said in words: the seam between an app's module and the transport strategy. An app registers
// its subscriptions while its module is built; the EventLogServer connects them, in this order, when the process listens.
// Invariant: an owner sees `joined`, assignments, revocations and batches of one subscription in the order of the log's calls.

import type { GroupMember, Tail } from '#libs/event-log';

/** The app's side of a group membership. Batches do not come here but to the Nest handler (`@EventPattern`) of their topic. */
export interface GroupOwner {
  /** Once, before anything else. */
  joined(member: GroupMember): void;
  /** Partitions gained: the owner seeks each of its topics once, then records flow. */
  assigned(partitions: readonly number[]): void;
  revoked(partitions: readonly number[]): void;
  /** A passing fault (`fatal` false), or the end of this membership. The process gives up on a fatal one, after this call. */
  failed(error: Error, fatal: boolean): void;
}

export interface GroupSubscription {
  readonly group: string;
  /** Topic name → pattern of the Nest handler that takes its batches. Co-partitioned topics. */
  readonly topics: ReadonlyMap<string, string>;
  readonly owner: GroupOwner;
  /** See GroupOptions. */
  readonly early?: boolean;
}

export interface TailOwner {
  /** Asked once, when the server connects: where each topic starts. */
  startAt(): TailStart | Promise<TailStart>;
  /** The tail runs; its positions can be asked for. */
  opened?(tail: Tail): void;
  failed?(error: Error, fatal: boolean): void;
}

export type TailStart = ReadonlyMap<string, readonly number[] | 'start' | 'end'>;

export interface TailSubscription {
  /** For logs only. */
  readonly name: string;
  /** Topic name → pattern of the Nest handler that takes its batches; the tail reads on when the handler's promise is settled. */
  readonly topics: ReadonlyMap<string, string>;
  readonly owner: TailOwner;
}

export type Subscription =
  | { readonly kind: 'group'; readonly group: GroupSubscription }
  | { readonly kind: 'tail'; readonly tail: TailSubscription };

/** Injected by its class. Handlers are `@EventPattern<string>('aggregator.activity') take(@Payload() batch: RecordBatch)`. */
export class LogSubscriptions {
  readonly #subscriptions: Subscription[] = [];
  #closed = false;

  group(group: GroupSubscription): void {
    this.#add({ kind: 'group', group });
  }

  tail(tail: TailSubscription): void {
    this.#add({ kind: 'tail', tail });
  }

  /** For the server: what to connect; nothing can be added afterwards. */
  close(): readonly Subscription[] {
    this.#closed = true;
    return this.#subscriptions;
  }

  #add(subscription: Subscription): void {
    if (this.#closed)
      throw new Error('subscriptions are registered while modules are built, not after the server listens');
    this.#subscriptions.push(subscription);
  }
}
