// The real command on a real broker (issue 4, items 3 to 5): the same commands, the same output, topics as Kafka has them.
import { describeKafka, runProgram } from '#libs/testing';

describeKafka('rollcall on Kafka', (kafka) => {
  const run = async (
    args: readonly string[],
    stdin = '',
  ): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const { brokers, prefix } = kafka();
    const env = {
      ...process.env,
      KAFKA_BROKERS: brokers.join(','),
      TOPIC_PREFIX: prefix,
      PARTITIONS: '2',
      DELIVERY_PARTITIONS: '2',
    };
    const started = runProgram('apps/history/src/main.ts', args, { env });
    started.child.stdin?.end(stdin);
    const { code } = await started.ended;
    return { code, stdout: started.output(), stderr: started.errors() };
  };

  it('creates topics, writes, reads, and says what is missing', async () => {
    const { prefix } = kafka();
    const missing = await run(['topics', 'check']);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${prefix}activity does not exist: rollcall topics create`),
    });
    const unwritten = await run(['produce', 'rooms', '-'], '{"room_id":"!r:hs","presence":"withhold"}');
    expect(unwritten).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('rollcall topics create') });

    expect(await run(['topics', 'create'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['topics', 'check'])).toMatchObject({ code: 0, stderr: '' });
    const line = '{"room_id":"!r:hs","presence":"withhold"}\nbroken\n';
    expect(await run(['produce', 'rooms', '-'], line)).toMatchObject({ code: 0, stdout: '1 accepted, 1 rejected\n' });
    const poison = await run(['produce', 'activity', '-', '--unchecked', '--key', '@a:hs'], 'x'.repeat(2_000_000));
    expect(poison).toMatchObject({ code: 1, stdout: '0 accepted, 1 rejected\n' });

    const { stdout, code } = await run(['log', 'read', 'rooms']);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text) as object),
    ).toEqual([
      expect.objectContaining({
        offset: 0,
        key: '!r:hs',
        value: { type: 'room.policy', v: 1, room_id: '!r:hs', presence: 'withhold' },
      }),
    ]);
    expect(await run(['log', 'read', 'nothing'])).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['topics', 'add', '@bot:example.org'])).toMatchObject({ code: 0, stderr: '' });
    expect((await run(['topics', 'list'])).stdout).toContain(`${prefix}to.-40bot-3Aexample-2Eorg  @bot:example.org\n`);
  }, 300_000);
});
