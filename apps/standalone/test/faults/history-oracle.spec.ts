// The oracle of the fault suites, tried on itself: a true history passes, and each way in which a history can be wrong is
// found. The true one is made by the engine on the log in memory, whose work the oracle knows nothing of.
import { Aggregator } from '#apps/aggregator';
import { encodeActivity, encodeCommand, topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog } from '#libs/event-log';
import type { Policy } from '#libs/presence';
import { Draw, SimulatedClock, turns } from '#libs/testing';
import { judgeHistory, type TopicRecords } from './history-oracle.js';
import { LogCopy, type CopiedRecord } from './log-copy.js';

const TOPICS = topicNames('presence.');
const POLICY: Policy = {
  idleAfterMs: 20_000,
  activeForMs: 6_000,
  offlineAfterMs: 3_000,
  busyOfflineAfterMs: 12_000,
  maxLeaseMs: 30_000,
};
const USERS = 6;
const INPUTS = 240;
const START_MS = 1_800_000_000_000;

async function trueHistory(): Promise<TopicRecords> {
  const clock = new SimulatedClock(START_MS);
  const log = new MemoryEventLog({ now: clock.now, controlRecords: true });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 2, deliveryPartitions: 1 }));
  const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.', policy: POLICY });
  await aggregator.start();
  const draw = new Draw(7);
  for (let input = 0; input < INPUTS; input += 1) {
    await clock.runTo(clock.nowMs() + draw.of([3, 40, 400, 2_000]), () => turns(12));
    const userId = `@user${draw.below(USERS)}:hs`;
    const session = { deviceId: 'D', sessionId: '1' };
    const activity = draw.chance(0.4)
      ? ({ type: 'device.active', deviceId: 'D' } as const)
      : ({ type: 'device.connected', ...session, claim: 'auto', leaseMs: draw.of([2_000, 25_000]) } as const);
    const command = draw.chance(0.1)
      ? ({ type: 'user.forget' } as const)
      : ({
          type: 'presence.set',
          deviceId: 'D',
          presence: draw.of(['online', 'busy'] as const),
          statusMsg: `s${input}`,
        } as const);
    const isActivity = draw.chance(0.6);
    const value = isActivity ? encodeActivity({ userId, input: activity }) : encodeCommand({ userId, input: command });
    await log.append(isActivity ? TOPICS.activity : TOPICS.commands, [
      { key: userId, value: draw.chance(0.03) ? '{"type":"nonsense"}' : value },
    ]);
  }
  await clock.runTo(clock.nowMs() + 120_000, () => turns(12));
  await aggregator.stop();
  const copy = new LogCopy(log);
  await copy.follow([TOPICS.activity, TOPICS.commands, TOPICS.changes, TOPICS.states, TOPICS.rejected]);
  return (topic) => copy.of(topic);
}

/** The same log with one partition of a topic written anew. */
function planted(
  truth: TopicRecords,
  topic: string,
  plant: (records: readonly CopiedRecord[]) => readonly CopiedRecord[],
): TopicRecords {
  return (asked) =>
    asked === topic
      ? truth(topic).map((records, partition) => (partition === 0 ? plant(records) : records))
      : truth(asked);
}

type Fields = Record<string, unknown>;

function rewritten(record: CopiedRecord, change: (fields: Fields) => void): CopiedRecord {
  const fields = JSON.parse(String(record.value)) as Fields;
  change(fields);
  return { ...record, value: JSON.stringify(fields) };
}

describe('the oracle of histories', () => {
  let truth: TopicRecords;
  const faultsOf = (records: TopicRecords): readonly string[] => judgeHistory(records, TOPICS, POLICY).faults;
  const changes = (plant: (records: readonly CopiedRecord[]) => readonly CopiedRecord[]): readonly string[] =>
    faultsOf(planted(truth, TOPICS.changes, plant));
  const timerAt = (records: readonly CopiedRecord[]): number =>
    records.findIndex(({ value }) => /"timer":"(?:idle|lease|put)"/.test(String(value)));

  beforeAll(async () => {
    truth = await trueHistory();
  }, 60_000);

  it('finds nothing in a true history, and it is one worth judging', () => {
    const verdict = judgeHistory(truth, TOPICS, POLICY);
    expect(verdict.faults).toEqual([]);
    expect(verdict).toMatchObject({ inputs: INPUTS, users: USERS, late: 0 });
    expect(verdict.changes).toBeGreaterThan(INPUTS / 3);
    expect(verdict.timers).toBeGreaterThan(20);
    expect(verdict.rejected).toBeGreaterThan(0);
    expect(timerAt(truth(TOPICS.changes)[0]!)).toBeGreaterThan(0);
  });

  it('finds a change that was told twice', () => {
    expect(changes((its) => [...its.slice(0, 9), its[8]!, ...its.slice(9)])).not.toEqual([]);
  });

  it('finds a change that is missing, also the last', () => {
    expect(changes((its) => [...its.slice(0, 5), ...its.slice(6)])).not.toEqual([]);
    expect(changes((its) => its.slice(0, -1)).join()).toContain('where nothing was told');
  });

  it('finds two changes of one user in the wrong order', () => {
    const swapped = changes((its) => {
      const first = its.findIndex(({ key }, at) => its[at + 1]?.key === key);
      return [...its.slice(0, first), its[first + 1]!, its[first]!, ...its.slice(first + 2)];
    });
    expect(swapped).not.toEqual([]);
  });

  it('finds a gap in the versions', () => {
    const faults = changes((its) =>
      its.map((record, at) =>
        at === 7 ? rewritten(record, (fields) => (fields['version'] = Number(fields['version']) + 1)) : record,
      ),
    );
    expect(faults).not.toEqual([]);
  });

  it('finds a timer that was told early, and one that was told late', () => {
    for (const byMs of [-1, 1]) {
      const faults = changes((its) =>
        its.map((record, at) =>
          at === timerAt(its)
            ? rewritten(record, (fields) => (fields['at_ts'] = Number(fields['at_ts']) + byMs))
            : record,
        ),
      );
      expect(faults.join()).toMatch(/no timer is due|the fold makes/);
    }
  });

  it('finds a timer that was told by the name of another', () => {
    const faults = changes((its) =>
      its.map((record, at) =>
        at === timerAt(its) ? rewritten(record, (fields) => (fields['cause'] = { timer: 'active' })) : record,
      ),
    );
    expect(faults.join()).toMatch(/where \{"timer":"active"\} was told/);
  });

  it('counts a timer that was told before an earlier input was taken', () => {
    const its = truth(TOPICS.changes)[0]!;
    const told = JSON.parse(String(its.find(({ value }) => /"timer":"idle"/.test(String(value)))!.value)) as Fields;
    const applied = told['applied'] as { activity: number };
    // One more input of that user, appended before the timer's time, and placed behind what had been taken.
    const activity = planted(truth, TOPICS.activity, (records) => {
      const at = records.filter(({ offset }) => offset <= applied.activity).length;
      const userId = String(told['user_id']);
      const value = encodeActivity({ userId, input: { type: 'device.active' } });
      const record = { offset: applied.activity + 0.5, timestampMs: Number(told['at_ts']) - 1, key: userId, value };
      return [...records.slice(0, at), record, ...records.slice(at)];
    });
    expect(judgeHistory(activity, TOPICS, POLICY).late).toBeGreaterThan(0);
  });

  it('finds what was taken going back, and a cause that is not the last taken', () => {
    const applied = (record: CopiedRecord): CopiedRecord => rewritten(record, (fields) => (fields['applied'] = {}));
    expect(changes((its) => its.map((record, at) => (at === 20 ? applied(record) : record))).join()).toMatch(
      /went back/,
    );
    expect(
      changes((its) => its.map((record) => (/"topic"/.test(String(record.value)) ? applied(record) : record))).join(),
    ).toMatch(/the cause is not the last taken/);
  });

  it('finds a view that is not what the fold shows', () => {
    expect(
      changes((its) =>
        its.map((record, at) => (at === 3 ? rewritten(record, (fields) => (fields['status_msg'] = 'other')) : record)),
      ),
    ).not.toEqual([]);
  });

  it('finds an input of which nothing was made', () => {
    const silent = planted(truth, TOPICS.commands, (records) => [
      ...records,
      {
        offset: 1_000_000,
        timestampMs: START_MS * 2,
        key: '@new:hs',
        value: encodeCommand({ userId: '@new:hs', input: { type: 'presence.set', deviceId: 'D', presence: 'online' } }),
      },
    ]);
    expect(faultsOf(silent).join()).toContain('@new:hs: the fold makes');
  });

  it('finds a state that is not the last change', () => {
    const stale = planted(truth, TOPICS.states, (its) => its.filter(({ key }) => key === '!progress'));
    expect(faultsOf(stale).join()).toContain('the state is undefined');
  });

  it('finds a rejection that is missing, and one written twice', () => {
    const every = (plant: (its: readonly CopiedRecord[]) => readonly CopiedRecord[]): readonly string[] =>
      faultsOf((topic) => (topic === TOPICS.rejected ? truth(topic).map(plant) : truth(topic)));
    expect(every((its) => its.slice(0, -1)).join()).toContain('was not rejected');
    expect(every((its) => [...its, ...its.slice(-1)]).join()).toContain('rejected twice');
  });
});
