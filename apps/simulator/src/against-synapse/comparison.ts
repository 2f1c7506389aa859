// The outcomes of the sides as figures, and their ratios. Invariant: a ratio is Synapse's own cost over ours, of the same load; above
// one means that ours is less.
import type { Figure } from '../benchmarks/benchmark.js';
import type { Collections } from '../benchmarks/measure.js';
import type { DeliveryOutcome, PutOutcome, SteadyOutcome, StormOutcome } from './loads.js';

export interface Outcomes {
  readonly name: string;
  readonly puts: PutOutcome;
  /** The next when everybody has read the last. */
  readonly news: DeliveryOutcome;
  /** A few a second. */
  readonly seldom: DeliveryOutcome;
  readonly streamed: DeliveryOutcome | undefined;
  readonly polls: SteadyOutcome;
  readonly stormAtOnce: StormOutcome;
  readonly stormSpread: StormOutcome;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Of our process. */
  readonly collections: Collections | undefined;
}

export function figuresOf(of: Outcomes): Figure[] {
  const figure = (name: string, value: number, unit: string): Figure => ({ name: `${of.name}: ${name}`, value, unit });
  const { puts, news, seldom, streamed, polls, stormAtOnce, stormSpread } = of;
  return [
    figure('CPU of a PUT', puts.cpuMsAPut, 'ms'),
    figure('PUT, p50', puts.p50Ms, 'ms'),
    figure('CPU of a delivered event, long poll', news.cpuMsAnEvent, 'ms'),
    figure('PUT to reader, long poll, p50', news.p50Ms, 'ms'),
    figure('CPU of a delivered event, long poll, few news', seldom.cpuMsAnEvent, 'ms'),
    ...(streamed === undefined
      ? []
      : [
          figure('CPU of a delivered event, stream', streamed.cpuMsAnEvent, 'ms'),
          figure('PUT to reader, stream, p50', streamed.p50Ms, 'ms'),
        ]),
    figure('CPU of a poll of nothing', polls.cpuMsAPoll, 'ms'),
    figure('storm at once, CPU', stormAtOnce.cpuSeconds, 's'),
    figure('storm at once, until all had seen all', stormAtOnce.seconds, 's'),
    figure('storm spread, CPU', stormSpread.cpuSeconds, 's'),
    figure('storm spread, until all had seen all', stormSpread.seconds, 's'),
    figure('peak memory', of.peakRssBytes / 2 ** 20, 'MiB'),
  ];
}

const COSTS: readonly (readonly [name: string, of: (outcomes: Outcomes) => number])[] = [
  ['a PUT', ({ puts }) => puts.cpuMsAPut],
  ['a delivered event, long poll', ({ news }) => news.cpuMsAnEvent],
  ['a delivered event, long poll, few news', ({ seldom }) => seldom.cpuMsAnEvent],
  ['a poll of nothing', ({ polls }) => polls.cpuMsAPoll],
  ['storm at once', ({ stormAtOnce }) => stormAtOnce.cpuSeconds],
  ['storm spread', ({ stormSpread }) => stormSpread.cpuSeconds],
];

export function compared(theirs: Outcomes, ...ours: readonly Outcomes[]): Figure[] {
  return ours.flatMap((of) => {
    const ratio = (name: string, value: number): Figure => ({
      name: `${theirs.name} over ${of.name}, CPU of ${name}`,
      value,
      unit: 'x',
    });
    const ratios = COSTS.map(([name, cost]) => ratio(name, cost(theirs) / cost(of)));
    if (of.streamed === undefined) return ratios;
    const stream = theirs.news.cpuMsAnEvent / of.streamed.cpuMsAnEvent;
    return [...ratios, ratio('a delivered event, its long poll over our stream', stream)];
  });
}
