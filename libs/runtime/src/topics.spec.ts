// What an operator reads when topics are missing or wrong, and what `npm start` makes of the same.

import { MemoryEventLog, type TopicDescription, TopicMismatchError, type TopicSpec } from '#libs/event-log';
import { createMissingTopics, requireTopics } from './topics.js';

const activity: TopicSpec = {
  name: 'presence.activity',
  partitions: 8,
  cleanup: 'delete',
  retentionMs: 1000,
  timestamps: 'append',
};
const states: TopicSpec = { name: 'presence.states', partitions: 8, cleanup: 'compact', timestamps: 'create' };

async function refusal(existing: readonly TopicSpec[]): Promise<string[]> {
  const log = new MemoryEventLog();
  await log.createTopics(existing);
  const error: unknown = await requireTopics(log, [activity, states], 0).catch((thrown: unknown) => thrown);
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(TopicMismatchError);
  return (error as Error).message.split('\n');
}

describe('required topics', () => {
  it("are fine when they fit; retention is the operator's", async () => {
    expect(await refusal([{ ...activity, retentionMs: 5 }, states])).toEqual([]);
  });

  it('are named with the command that creates them when they are missing', async () => {
    expect(await refusal([activity])).toEqual([
      'Topic presence.states does not exist; this command creates what is missing: npm run -s rollcall -- topics create',
    ]);
    expect((await refusal([]))[0]).toContain('Topics presence.activity, presence.states do not exist');
  });

  it('are named with each difference', async () => {
    const faults = await refusal([
      { ...activity, partitions: 4, timestamps: 'create' },
      { name: states.name, partitions: 8, cleanup: 'delete', timestamps: 'create' },
    ]);
    expect(faults).toEqual([
      expect.stringContaining(
        'Topic presence.activity has 4 partitions and PARTITIONS or DELIVERY_PARTITIONS asks for 8',
      ),
      expect.stringContaining(
        'Topic presence.activity has message.timestamp.type=CreateTime and must have LogAppendTime',
      ),
      expect.stringContaining('Topic presence.states has cleanup.policy=delete and must have compact'),
    ]);
    expect(faults[1]).toContain(
      'this command mends it: kafka-configs.sh --bootstrap-server BROKER --alter --entity-type topics --entity-name presence.activity --add-config message.timestamp.type=LogAppendTime',
    );
  });
});

describe('settings that were mended a moment ago', () => {
  const unfit: TopicSpec = { ...states, cleanup: 'delete' };

  /** Whose broker tells the old settings for the first `stale` looks. */
  class LateLog extends MemoryEventLog {
    looks = 0;

    constructor(private readonly stale: number) {
      super();
    }

    override async describeTopic(name: string): Promise<TopicDescription | undefined> {
      const found = await super.describeTopic(name);
      if (found === undefined || ++this.looks > this.stale) return found;
      return { ...found, cleanup: 'delete' };
    }
  }

  it('are looked at again until the broker knows them', async () => {
    const log = new LateLog(2);
    await log.createTopics([states]);
    await requireTopics(log, [states]);
    expect(log.looks).toBe(3);
  });

  it('are refused once patience is over', async () => {
    const log = new LateLog(Infinity);
    await log.createTopics([states]);
    await expect(requireTopics(log, [states], 600)).rejects.toThrow('cleanup.policy=delete and must have compact');
    expect(log.looks).toBeGreaterThan(2);
  });

  it('do not keep anybody from being told at once that a topic is missing', async () => {
    const log = new LateLog(Infinity);
    await log.createTopics([unfit]);
    await expect(requireTopics(log, [activity, states])).rejects.toThrow(/does not exist.*\n.*cleanup\.policy=delete/);
    expect(log.looks).toBe(1);
  });
});

describe('npm start', () => {
  it('creates what is missing and leaves what is there', async () => {
    const log = new MemoryEventLog();
    await createMissingTopics(log, [activity]);
    await createMissingTopics(log, [activity, states]);
    expect([...(await log.listTopics())].sort()).toEqual(['presence.activity', 'presence.states']);
  });

  it('refuses topics of another count', async () => {
    const log = new MemoryEventLog();
    await createMissingTopics(log, [activity]);
    await expect(createMissingTopics(log, [{ ...activity, partitions: 16 }])).rejects.toThrow('has 8 partitions');
  });
});
