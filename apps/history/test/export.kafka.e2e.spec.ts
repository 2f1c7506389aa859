// Export and query of a history on a real broker (issue 6, items 5 and 6): transactions leave control records between the changes, and
// nothing is missing, twice, or different the second time.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeChange } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeKafka, runProgram } from '#libs/testing';
import { drawChanges } from './generated-history.js';

describeKafka('an export on Kafka', (kafka) => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-export-kafka-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const { brokers, prefix } = kafka();
    const counts = { PARTITIONS: '2', DELIVERY_PARTITIONS: '2' };
    const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), TOPIC_PREFIX: prefix, ...counts };
    const started = runProgram('apps/history/src/main.ts', args, { env });
    started.child.stdin?.end();
    const { code } = await started.ended;
    return { code, stdout: started.output(), stderr: started.errors() };
  };
  const contents = (to: string): Record<string, string> =>
    Object.fromEntries(readdirSync(to).map((name) => [name, readFileSync(join(to, name)).toString('base64')]));

  it('holds every committed change once, twice the same, and answers', async () => {
    const { brokers, prefix } = kafka();
    expect(await run('topics', 'create')).toMatchObject({ code: 0 });
    const log = await KafkaEventLog.connect({ brokers, clientId: 'export-test' });
    const drawn = { seed: 9, users: 50, changes: 600, startMs: Date.UTC(2026, 10, 25), spanMs: 3_600_000 };
    const all = [...drawChanges(drawn)];
    const topic = `${prefix}changes`;
    try {
      const transactor = await log.transactor(`${prefix}export-test`);
      for (let from = 0; from < all.length; from += 100) {
        const records = all
          .slice(from, from + 100)
          .map(({ record }) => ({ key: record.userId, value: encodeChange(record) }));
        await transactor.transact({ appends: [{ topic, records }] });
      }
      await transactor.close();
    } finally {
      await log.close();
    }
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    for (const to of [one, two]) {
      const { code, stdout } = await run('export', '--to', to, '--records-per-file', '150', '--json');
      expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, records: { changes: 600 } });
    }
    expect(contents(one)).toEqual(contents(two));
    const sql =
      'select count(*) as n, count(distinct (user_id, version)) as different, max(log_offset) > 300 as gaps from changes';
    const wanted = [{ n: 600, different: 600, gaps: true }];
    for (const from of [['--export', one], []]) {
      expect(JSON.parse((await run('query', sql, ...from, '--json')).stdout)).toEqual(wanted);
    }
  }, 300_000);
});
