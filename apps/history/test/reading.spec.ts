// `rollcall log read` (issue 3, item 8): which records, in which order, and when it ends.
import { Bench } from './bench.js';

const bench = async (): Promise<Bench> => {
  const at = new Bench();
  at.environment['PARTITIONS'] = '2';
  await at.run(['topics', 'create']);
  for (const partition of [1, 0]) {
    for (const key of ['!progress', '@a:hs', '@b:hs']) {
      await at.log.append('presence.states', [{ key, value: '1', partition }]);
    }
  }
  return at;
};

const places = (records: readonly Record<string, unknown>[]): readonly string[] =>
  records.map(({ partition, offset }) => `${String(partition)}:${String(offset)}`);

describe('rollcall log read', () => {
  it('prints all partitions, one after the other, by offset, !progress included', async () => {
    const records = await (await bench()).records('states');
    expect(places(records)).toEqual(['0:0', '0:1', '0:2', '1:0', '1:1', '1:2']);
    expect(records[0]).toEqual({
      partition: 0,
      offset: 0,
      timestamp: expect.any(Number),
      key: '!progress',
      value: 1,
      headers: {},
    });
  });

  it('takes the topic with its prefix too', async () => {
    expect(await (await bench()).records('presence.states')).toHaveLength(6);
  });

  it('takes one partition, and an offset to begin at', async () => {
    const at = await bench();
    expect(places(await at.records('states', '--partition', '1'))).toEqual(['1:0', '1:1', '1:2']);
    expect(places(await at.records('states', '--from', '2'))).toEqual(['0:2', '1:2']);
    expect(await at.records('states', '--from', '99')).toEqual([]);
  });

  it('does not print what an aborted or open transaction wrote', async () => {
    const at = await bench();
    const transactor = await at.log.transactor('t');
    await transactor.transact({
      appends: [{ topic: 'presence.states', records: [{ key: 'k', value: '4', partition: 0 }] }],
    });
    expect(places(await at.records('states', '--partition', '0'))).toEqual(['0:0', '0:1', '0:2', '0:3']);
  });

  it.each([
    [['nothing'], 'There is no topic presence.nothing. There are: activity, '],
    [['states', '--partition', '2'], 'presence.states has 2 partitions, 0 to 1: there is no partition 2'],
  ])('is exit 1 for %j', async (args, sentence) => {
    const ran = await (await bench()).run(['log', 'read', ...args]);
    expect(ran.stderr).toContain(sentence);
    expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  });

  it('goes on with what comes, until it is told to end', async () => {
    const at = await bench();
    const controller = new AbortController();
    const lines: string[] = [];
    const record = { key: 'k', value: '4' };
    const stdout = {
      write: async (text: string): Promise<void> => {
        lines.push(...text.split('\n').filter(Boolean));
        if (lines.length === 3) {
          await at.log.append('presence.states', [
            { ...record, partition: 0 },
            { ...record, partition: 1 },
          ]);
        }
        if (lines.length === 4) controller.abort();
      },
    };
    const following = new Bench({ stdout, ending: controller.signal, openLog: () => Promise.resolve(at.log) });
    expect((await following.run(['log', 'read', 'states', '--partition', '1', '--follow'])).exitCode).toBe(0);
    expect(places(lines.map((line) => JSON.parse(line) as Record<string, unknown>))).toEqual([
      '1:0',
      '1:1',
      '1:2',
      '1:3',
    ]);
  });
});
