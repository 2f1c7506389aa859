// The groups of one process: who owns which partitions of topics read together. Invariant: a partition has one owner
// that the group believes in; it is revoked from the old owner before the new one hears of it, except from a member that
// was declared dead (a zombie), which learns of it when it wakes. It stands apart: memory and LMDB use the same groups.
import { assignSticky } from './assignment.js';
import { TopicMismatchError } from './errors.js';
import { LocalMember, type MemberHome } from './local-member.js';
import type { LocalStore } from './local-store.js';
import { nextTurn } from './local-store.js';
import type { GroupMember, GroupOptions } from './port.js';

/** How simulations hurt members; the group behaves as a broker would. */
export interface GroupFaults {
  /** The member stops as under SIGSTOP: no deliveries, no heartbeats; it keeps what it has. */
  suspend(member: GroupMember): void;
  /** The group gives its partitions to others without telling it: from now on it is a zombie, and receives nothing. */
  expire(member: GroupMember): void;
  /** The member goes on; if it was expired it now learns that everything is lost, and joins again. */
  wake(member: GroupMember): void;
  /** Everything from `offset` on is delivered to it again, although it did not seek. */
  redeliver(member: GroupMember, topic: string, partition: number, offset: number): void;
}

class Group implements MemberHome {
  private readonly members: LocalMember[] = [];
  private readonly expired = new Set<LocalMember>();
  private rebalancing: Promise<void> | undefined;

  constructor(
    private readonly store: LocalStore,
    private readonly topics: readonly string[],
  ) {}

  private get partitions(): number {
    return this.store.partitions(this.topics[0] as string);
  }

  add(options: GroupOptions): LocalMember {
    const member = new LocalMember(this.store, options, this);
    this.members.push(member);
    this.rebalanceSoon();
    return member;
  }

  /** One rebalance for all that happens in this turn. */
  private rebalance(): Promise<void> {
    this.rebalancing ??= nextTurn().then(() => {
      this.rebalancing = undefined;
      this.redistribute();
    });
    return this.rebalancing;
  }

  private rebalanceSoon(): void {
    this.rebalance().catch((error: unknown) => {
      for (const member of this.members) member.options.onError(error as Error, true);
    });
  }

  private redistribute(): void {
    const held = new Map<LocalMember, ReadonlySet<number>>();
    for (const member of this.members) if (!member.left && !this.expired.has(member)) held.set(member, member.assigned);
    const plan = assignSticky(held, this.partitions);
    // Nobody can be told to give something up while suspended: such a member keeps what it has until it expires.
    const kept = new Set([...held].flatMap(([member, partitions]) => (member.suspended ? [...partitions] : [])));
    for (const [member, target] of plan) {
      if (!member.suspended) member.revoke([...(held.get(member) ?? [])].filter((p) => !target.has(p)));
    }
    for (const [member, target] of plan) {
      const gained = [...target].filter((p) => held.get(member)?.has(p) !== true && !kept.has(p)).sort((a, b) => a - b);
      if (!member.suspended && !member.left && gained.length > 0) member.assign(gained);
    }
  }

  async rejoin(member: LocalMember): Promise<void> {
    if (member.left) return;
    // Whoever asks to join again is awake and knows: nothing of an expiry is left to be told.
    this.expired.delete(member);
    member.awake();
    member.revoke([...member.assigned]);
    await this.rebalance();
  }

  async leave(member: LocalMember): Promise<void> {
    if (!this.remove(member)) return;
    member.revoke([...member.assigned]);
    await this.rebalance();
  }

  private remove(member: LocalMember): boolean {
    const at = this.members.indexOf(member);
    if (at < 0) return false;
    this.members.splice(at, 1);
    this.expired.delete(member);
    member.left = true;
    return true;
  }

  get empty(): boolean {
    return this.members.length === 0;
  }

  get size(): number {
    return this.members.length;
  }

  expire(member: LocalMember): void {
    member.suspend();
    this.expired.add(member);
    this.rebalanceSoon();
  }

  wake(member: LocalMember): void {
    const lost = this.expired.delete(member);
    member.awake();
    if (lost) member.revoke([...member.assigned]);
    this.rebalanceSoon();
  }

  moved(topic: string): void {
    if (this.topics.includes(topic)) for (const member of this.members) member.wake();
  }

  takeEarly(): boolean {
    let took = false;
    for (const member of this.members) took = member.takeEarly() || took;
    return took;
  }

  /** What some of them were handed early is lost: they begin again. */
  takenBack(): void {
    for (const member of this.members.filter((one) => one.isBeyond())) {
      if (member.suspended) this.expire(member);
      else
        this.rejoin(member).catch((error: unknown) => {
          member.options.onError(error as Error, true);
        });
    }
  }

  has(member: GroupMember): member is LocalMember {
    return this.members.includes(member as LocalMember);
  }

  async close(): Promise<void> {
    for (const member of [...this.members]) this.remove(member);
    await this.rebalancing;
  }
}

export class GroupCoordinator {
  private readonly groups = new Map<string, Group>();

  constructor(private readonly store: LocalStore) {}

  join(options: GroupOptions): GroupMember {
    const counts = options.topics.map((topic) => this.store.partitions(topic));
    if (new Set(counts).size !== 1) {
      throw new TopicMismatchError(
        `Not co-partitioned: ${options.topics.map((t, i) => `${t} has ${counts[i]}`).join(', ')}`,
      );
    }
    const key = JSON.stringify([options.group, ...options.topics]);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = new Group(this.store, options.topics)));
    return group.add(options);
  }

  memberCount(name: string): number {
    let count = 0;
    for (const [key, { size }] of this.groups) if ((JSON.parse(key) as string[])[0] === name) count += size;
    return count;
  }

  /** Something was appended to a topic. */
  moved(topic: string): void {
    for (const group of this.groups.values()) group.moved(topic);
  }

  /** Hands what will be committed next to the members who want it early. true = there was some: let them write before that is sealed. */
  takeEarly(): boolean {
    let took = false;
    for (const group of this.groups.values()) took = group.takeEarly() || took;
    return took;
  }

  /** What was to be committed is not: positions beyond the ends are void. */
  takenBack(): void {
    for (const group of this.groups.values()) group.takenBack();
  }

  readonly faults: GroupFaults = {
    suspend: (member) => this.with(member, (_group, local) => local.suspend()),
    expire: (member) => this.with(member, (group, local) => group.expire(local)),
    wake: (member) => this.with(member, (group, local) => group.wake(local)),
    redeliver: (member, topic, partition, offset) =>
      this.with(member, (_group, local) => local.redeliver(topic, partition, offset)),
  };

  private with(member: GroupMember, act: (group: Group, member: LocalMember) => void): void {
    for (const group of this.groups.values()) if (group.has(member)) return act(group, member);
    throw new Error('This member belongs to no group of this log');
  }

  async close(): Promise<void> {
    await Promise.all([...this.groups.values()].map((group) => group.close()));
    this.groups.clear();
  }
}
