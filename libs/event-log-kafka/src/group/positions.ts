// Committed positions of groups, and how many members they have. Invariant: of a group that this process belongs to, positions are committed in the name
// of the member that holds the partition, so the broker refuses those of a member that the group has given up.
import { FencedError, type GroupOffset } from '#libs/event-log';
import { typeOf } from '../wire/faults.js';
import type { Wire } from '../wire/wire.js';
import type { KafkaGroupMember } from './member.js';

const GROUP = 0;
const LANE = 'control';
const NOBODY = { memberId: '', generation: -1 };
const NOT_OURS = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS']);

export class GroupPositions {
  constructor(
    private readonly wire: Wire,
    private readonly members: ReadonlySet<KafkaGroupMember>,
  ) {}

  async commit(group: string, positions: readonly GroupOffset[]): Promise<void> {
    const byMember = new Map<KafkaGroupMember | undefined, GroupOffset[]>();
    for (const position of positions) {
      const member = this.#owner(group, position);
      byMember.set(member, [...(byMember.get(member) ?? []), position]);
    }
    await Promise.all([...byMember].map(([member, own]) => this.#commitAs(member, group, own)));
  }

  async committed(group: string, topic: string): Promise<ReadonlyMap<number, GroupOffset>> {
    const { requestTimeoutMs: limitMs } = this.wire.settings;
    const doing = `reading the positions of ${group}`;
    const { leaders } = await this.wire.patiently({ doing, limitMs }, () => this.wire.topic(topic));
    const topics = [{ topic, partitions: leaders.map((_, partition) => ({ partition })) }];
    const { responses } = await this.wire.askCoordinator(
      { kind: GROUP, id: group, lane: LANE, doing, limitMs },
      (link) => link.ask((broker) => broker.offsetFetch({ groupId: group, topics })),
    );
    const found = new Map<number, GroupOffset>();
    for (const { partition, offset, metadata } of responses.flatMap(({ partitions }) => partitions)) {
      if (Number(offset) < 0) continue;
      const position = { topic, partition, offset: Number(offset) };
      found.set(partition, metadata === null || metadata === '' ? position : { ...position, metadata });
    }
    return found;
  }

  async memberCount(group: string): Promise<number> {
    const { requestTimeoutMs: limitMs } = this.wire.settings;
    const { groups } = await this.wire.askCoordinator(
      { kind: GROUP, id: group, lane: LANE, doing: `looking at the members of ${group}`, limitMs },
      (link) => link.ask((broker) => broker.describeGroups({ groupIds: [group] })),
    );
    return groups.reduce((count, { members }) => count + members.length, 0);
  }

  #owner(group: string, { topic, partition }: GroupOffset): KafkaGroupMember | undefined {
    const ours = [...this.members].filter((member) => member.group === group);
    const owner = ours.find((member) => member.assigned.has(partition));
    if (owner === undefined && ours.length > 0)
      throw new FencedError(
        `${topic}-${partition} is not held by this member of ${group} any more: its position is not committed`,
      );
    return owner;
  }

  async #commitAs(
    member: KafkaGroupMember | undefined,
    group: string,
    positions: readonly GroupOffset[],
  ): Promise<void> {
    const { memberId, generation } = member?.credentials ?? NOBODY;
    const topics = [...new Set(positions.map(({ topic }) => topic))].map((topic) => ({
      topic,
      partitions: positions
        .filter((position) => position.topic === topic)
        .map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata: metadata ?? null })),
    }));
    const request = { groupId: group, groupGenerationId: generation, memberId, topics };
    const doing = `committing positions of ${group}`;
    try {
      await this.wire.askCoordinator(
        { kind: GROUP, id: group, lane: LANE, doing, limitMs: this.wire.settings.requestTimeoutMs },
        (link) => link.ask((broker) => broker.offsetCommit(request)),
      );
    } catch (error) {
      if (NOT_OURS.has(typeOf((error as Error).cause) ?? ''))
        throw new FencedError((error as Error).message, { cause: error });
      throw error;
    }
  }
}
