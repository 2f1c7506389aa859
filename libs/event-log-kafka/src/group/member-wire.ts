// What a member says to its group's coordinator: join, sync, heartbeat, leave. Invariant: every answer of the coordinator
// is noted as a sign that the group counts on this member; errors come out as Kafka names them.
import assignerProtocol from 'kafkajs/src/consumer/assignerProtocol.js';
import type { Link } from '../wire/link.js';
import { errorOfCode, toldElsewhere } from '../wire/faults.js';
import type { Wire } from '../wire/wire.js';
import { type Claim, planAssignment } from './plan.js';

const { MemberAssignment, MemberMetadata } = assignerProtocol;
const PROTOCOL = 'rollcall-sticky-by-partition';
const VERSION = 1;
const GROUP = 0;
const LEAVE_LIMIT_MS = 1_000;
const SHORTEST_TIMEOUT_MS = 1_000;
const UNKNOWN_MEMBER = 25;

export interface MemberWireOptions {
  readonly wire: Wire;
  readonly lane: string;
  readonly group: string;
  readonly topics: readonly string[];
}

const claimOf = (memberId: string, metadata: Buffer): Claim => {
  const { userData } = MemberMetadata.decode(metadata);
  const { generation = -1, partitions = [] } = JSON.parse(userData.toString() || '{}') as Partial<Claim>;
  return { memberId, generation, partitions };
};

export class MemberWire {
  memberId = '';
  generation = -1;
  /** When the last request was sent that the coordinator answered: it counted on this member from then on, at least. */
  lastAnswerMs = 0;
  /** Grows whenever the group is told, or tells, that this member is nobody: answers from before are void. */
  #life = 0;

  constructor(private readonly options: MemberWireOptions) {}

  /** Joins with what is held now; resolves with what is held from now on. Waits for the other members to join. */
  async join(held: readonly number[], partitions: number): Promise<readonly number[]> {
    const { group, topics, wire } = this.options;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = wire.settings;
    const userData = Buffer.from(JSON.stringify({ generation: this.generation, partitions: held }));
    const metadata = MemberMetadata.encode({ version: VERSION, topics, userData });
    const request = {
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      memberId: this.memberId,
      groupProtocols: [{ name: PROTOCOL, metadata }],
    };
    const life = this.#life;
    const joined = await this.#ask((link) => link.ask((broker) => broker.joinGroup(request)));
    this.#requireLife(life);
    this.memberId = joined.memberId;
    this.generation = joined.generationId;
    const groupAssignment = joined.leaderId === joined.memberId ? this.#assign(joined.members, partitions) : [];
    const member = { groupId: group, generationId: joined.generationId, memberId: joined.memberId };
    const { memberAssignment } = await this.#ask((link) =>
      link.ask((broker) => broker.syncGroup({ ...member, groupAssignment })),
    );
    this.#requireLife(life);
    const assigned = MemberAssignment.decode(memberAssignment)?.assignment ?? {};
    return assigned[topics[0] ?? ''] ?? [];
  }

  async heartbeat(): Promise<void> {
    const request = { groupId: this.options.group, groupGenerationId: this.generation, memberId: this.memberId };
    await this.#ask((link) => link.ask((broker) => broker.heartbeat(request)));
  }

  /** Best effort: a coordinator that is away finds out by itself. */
  async leave(): Promise<void> {
    const { memberId } = this;
    if (memberId === '') return;
    this.forget();
    // Not behind a join that waits for the others on this member's own connection.
    const asked = this.#ask(
      (link) => link.ask((broker) => broker.leaveGroup({ groupId: this.options.group, memberId })),
      'control',
    ).catch(toldElsewhere);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([asked, new Promise<void>((done) => (timer = setTimeout(done, LEAVE_LIMIT_MS)))]);
    clearTimeout(timer);
  }

  /** From now on this is nobody whom the group knows. */
  forget(): void {
    this.#life += 1;
    this.memberId = '';
    this.generation = -1;
  }

  #requireLife(life: number): void {
    if (life !== this.#life) throw errorOfCode(UNKNOWN_MEMBER);
  }

  /** A heartbeat without an answer must be given up while there is time for another. */
  #timeoutMs(lane: string): number {
    const { sessionTimeoutMs, requestTimeoutMs } = this.options.wire.settings;
    return lane === this.options.lane ? Math.max(SHORTEST_TIMEOUT_MS, sessionTimeoutMs / 2) : requestTimeoutMs;
  }

  #assign(
    members: readonly { memberId: string; memberMetadata: Buffer }[],
    partitions: number,
  ): { memberId: string; memberAssignment: Buffer }[] {
    const plan = planAssignment(
      members.map(({ memberId, memberMetadata }) => claimOf(memberId, memberMetadata)),
      partitions,
    );
    return [...plan].map(([memberId, own]) => {
      const assignment = Object.fromEntries(this.options.topics.map((topic) => [topic, own]));
      return {
        memberId,
        memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.alloc(0) }),
      };
    });
  }

  async #ask<T>(request: (link: Link) => Promise<T>, lane = this.options.lane): Promise<T> {
    const { wire, group } = this.options;
    const sentMs = wire.settings.now();
    try {
      const nodeId = await wire.coordinatorId(GROUP, group);
      const answer = await request(await wire.link(nodeId, lane, this.#timeoutMs(lane)));
      this.lastAnswerMs = sentMs;
      return answer;
    } catch (error) {
      wire.forgetCoordinatorOn(error, GROUP, group);
      throw error;
    }
  }
}
