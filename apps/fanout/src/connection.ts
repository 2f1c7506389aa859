// A fan-out on a log without Nest: the group and the tails, wired as the module wires them through the transport strategy.
// Invariant: the same calls in the same order. For tests, simulations and benchmarks, which run the production class.
import type { GroupMember, Tail } from '#libs/event-log';
import { Fanout, type FanoutSetup } from './fanout.js';

export interface ConnectedFanout {
  readonly fanout: Fanout;
  readonly member: GroupMember;
  /** Finishes, leaves, closes. */
  close(): Promise<void>;
  /** As a crash would: nothing is finished, committed or said to the group. */
  abandon(): Promise<void>;
}

export async function connectFanout(setup: FanoutSetup): Promise<ConnectedFanout> {
  const fanout = await Fanout.open(setup);
  const { log, onFatal } = setup;
  const { topics, group } = fanout.options;
  const onError = (error: Error, fatal: boolean): void => {
    if (fatal) onFatal(error);
  };
  const follow = (topic: string, onBatch: Parameters<typeof log.tail>[0]['onBatch']): Promise<Tail> =>
    log.tail({ topics: new Map([[topic, 'start']]), onBatch, onError });
  const tails = await Promise.all([
    follow(topics.states, (batch) => fanout.takeStates(batch)),
    follow(topics.rooms, (batch) => {
      fanout.takeRooms(batch);
    }),
    follow(topics.memberships, (batch) => fanout.takeMemberships(batch)),
  ]);
  let early: (() => void)[] | undefined = [];
  const whenJoined = (call: () => void): void => {
    if (early === undefined) call();
    else early.push(call);
  };
  const member = await log.join({
    group,
    topics: [topics.changes],
    onAssigned: (partitions) => {
      whenJoined(() => {
        fanout.assigned(partitions);
      });
    },
    onRevoked: (partitions) => {
      whenJoined(() => {
        fanout.revoked(partitions);
      });
    },
    onBatch: (batch) => {
      fanout.takeChanges(batch);
    },
    onError,
  });
  fanout.joined(member);
  for (const call of early) call();
  early = undefined;
  fanout.start();
  const closeTails = (): Promise<unknown> => Promise.all(tails.map((tail) => tail.close()));
  return {
    fanout,
    member,
    close: async () => {
      await fanout.finish();
      await member.leave();
      await closeTails();
    },
    abandon: async () => {
      await fanout.stop();
      await closeTails();
    },
  };
}
