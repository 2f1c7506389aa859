// The contract of topics: created once, described as created, refused when different, deleted with a new identity after.
import { TopicMismatchError } from '../errors.js';
import type { TopicSpec } from '../port.js';
import { freshName, numbered, type Setting, until, valuesOf } from './setting.js';

export const describeTopics = (setting: Setting): void => {
  describe('topics', () => {
    it('are created once and described as they were asked for', async () => {
      const log = setting.log();
      const specs: TopicSpec[] = [
        { name: freshName('input'), partitions: 3, cleanup: 'delete', retentionMs: 604_800_000, timestamps: 'append' },
        {
          name: freshName('state'),
          partitions: 2,
          cleanup: 'compact',
          minCompactionLagMs: 60_000,
          timestamps: 'create',
        },
      ];
      await log.createTopics(specs);
      await log.createTopics(specs);
      for (const spec of specs) expect(await log.describeTopic(spec.name)).toMatchObject(spec);
      const names = await log.listTopics();
      expect(specs.every((spec) => names.includes(spec.name))).toBe(true);
      expect(await log.describeTopic(freshName('nowhere'))).toBeUndefined();
      expect(await log.ends(specs[0]?.name as string)).toEqual([0, 0, 0]);
    });

    it('of another shape are refused', async () => {
      const log = setting.log();
      const spec: TopicSpec = {
        name: freshName('shape'),
        partitions: 2,
        cleanup: 'delete',
        retentionMs: 60_000,
        timestamps: 'append',
      };
      await log.createTopics([spec]);
      const { retentionMs: _retention, ...forever } = spec;
      const others: TopicSpec[] = [
        { ...spec, partitions: 3 },
        { ...spec, timestamps: 'create' },
        { ...spec, retentionMs: 70_000 },
        forever,
        { ...forever, cleanup: 'compact' },
      ];
      for (const other of others) await expect(log.createTopics([other])).rejects.toBeInstanceOf(TopicMismatchError);
      expect(await log.describeTopic(spec.name)).toMatchObject(spec);
    });

    it('are another topic when created again under the same name', async () => {
      const log = setting.log();
      const spec: TopicSpec = { name: freshName('again'), partitions: 1, cleanup: 'delete', timestamps: 'append' };
      await log.createTopics([spec]);
      await log.append(spec.name, numbered(3));
      const before = await log.describeTopic(spec.name);
      expect((await log.topicIds()).get(spec.name)).toBe(before?.id);
      await log.deleteTopic(spec.name);
      await until(
        () => log.listTopics(),
        (names) => !names.includes(spec.name),
      );
      expect(await log.describeTopic(spec.name)).toBeUndefined();
      expect([...(await log.topicIds()).keys()]).not.toContain(spec.name);
      await log.createTopics([spec]);
      const after = await log.describeTopic(spec.name);
      expect(after?.id).toBeDefined();
      expect(after?.id).not.toBe(before?.id);
      expect((await log.topicIds()).get(spec.name)).toBe(after?.id);
      expect(await valuesOf(log, spec.name)).toEqual([]);
      await log.append(spec.name, numbered(1, 'new'));
      expect(await valuesOf(log, spec.name)).toEqual(['new0']);
    });
  });
};
