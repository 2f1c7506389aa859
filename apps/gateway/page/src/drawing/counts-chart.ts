// Counts over time as stacked steps, with the time that is shown as a line. Invariant: one chart per place in the document, made anew
// only when the place or the colours change; a click on it seeks.
import uPlot from 'uplot';
import { timeRange, type Model } from '../model.js';
import { colour, theme, type Theme } from '../theme.js';
import type { Counts, HistoryTold, Presence } from '../told.js';
import { axisWords } from '../words.js';

/** Left and right of the plot, in CSS pixels: the slider below is as wide as the plot. */
export const PLOT_LEFT = 44;
export const PLOT_RIGHT = 10;

const HEIGHT = 150;
/** From the ground up. */
const STACK: readonly Presence[] = ['online', 'busy', 'unavailable', 'offline'];

export class CountsChart {
  #plot: uPlot | undefined;
  #place: Element | undefined;
  #theme: Theme | undefined;
  #history: HistoryTold | undefined;
  #withOffline = false;
  #atTs: number | undefined;

  constructor(private readonly onSeek: (atTs: number) => void) {}

  /** Always the same function: it is called again only when the place is another. */
  readonly placed = (place: Element | undefined): void => {
    if (place === this.#place) return;
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#history = undefined;
    this.#place = place;
  };

  draw(model: Model): void {
    const place = this.#place;
    if (place === undefined) return;
    const isChanged = this.#theme !== theme() || this.#withOffline !== model.withOffline;
    if (this.#plot === undefined || isChanged) this.#make(place, model.withOffline);
    const plot = this.#plot;
    if (plot === undefined) return;
    if (place.clientWidth > 0 && plot.width !== place.clientWidth)
      plot.setSize({ width: place.clientWidth, height: HEIGHT });
    const { fromTs, toTs } = timeRange(model);
    const now =
      model.past === undefined && model.counts !== undefined ? { atTs: toTs, counts: model.counts } : undefined;
    if (this.#history !== model.history || now !== undefined) {
      this.#history = model.history;
      plot.setData(stacked(model.history, this.#withOffline, now), false);
    }
    this.#atTs = model.past?.atTs;
    plot.batch(() => {
      plot.setScale('x', { min: fromTs / 1_000, max: toTs / 1_000 });
    });
  }

  #make(place: Element, withOffline: boolean): void {
    this.#plot?.destroy();
    this.#theme = theme();
    this.#withOffline = withOffline;
    this.#history = undefined;
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const axis = {
      stroke: colour('muted'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: colour('line'), width: 1 },
    };
    const bands = shownStack(withOffline).toReversed();
    this.#plot = new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: HEIGHT,
        padding: [8, PLOT_RIGHT, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        scales: { y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil(max * 1.08))] } },
        axes: [
          {
            ...axis,
            size: 24,
            ticks: { show: false },
            space: 84,
            values: (plot, splits) => splits.map((seconds) => axisWords(seconds * 1_000, spanOf(plot))),
          },
          {
            ...axis,
            size: PLOT_LEFT,
            ticks: { show: false },
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 1e4, 1e5, 1e6],
          },
        ],
        series: [
          {},
          ...bands.map((presence) => ({
            fill: colour(`fill-${presence}`),
            stroke: colour(presence),
            width: 1,
            points: { show: false },
            ...(stepped === undefined ? {} : { paths: stepped }),
          })),
        ],
        hooks: {
          draw: [
            (plot) => {
              this.#line(plot);
            },
          ],
          ready: [
            (plot) => {
              plot.over.addEventListener('click', () => {
                this.onSeek(plot.posToVal(plot.cursor.left ?? 0, 'x') * 1_000);
              });
            },
          ],
        },
      },
      stacked(undefined, withOffline),
      place as HTMLElement,
    );
  }

  #line(plot: uPlot): void {
    if (this.#atTs === undefined) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(this.#atTs / 1_000, 'x', true));
    ctx.save();
    ctx.fillStyle = colour('accent');
    ctx.fillRect(x - 1, bbox.top, 2 * devicePixelRatio, bbox.height);
    ctx.restore();
  }
}

function spanOf({ scales }: uPlot): number {
  return ((scales['x']?.max ?? 0) - (scales['x']?.min ?? 0)) * 1_000;
}

function shownStack(withOffline: boolean): readonly Presence[] {
  return withOffline ? STACK : STACK.slice(0, -1);
}

interface Now {
  readonly atTs: number;
  readonly counts: Counts;
}

/** The highest first: what is drawn later covers what is below it. The last point is now, until the next history comes. */
function stacked(history: HistoryTold | undefined, withOffline: boolean, now?: Now): uPlot.AlignedData {
  const stack = shownStack(withOffline);
  if (history === undefined) return [[], ...stack.map(() => [])];
  const times = history.online.map((_, point) => (history.from_ts + point * history.step_ms) / 1_000);
  if (now !== undefined) times.push(now.atTs / 1_000);
  const sums: number[][] = [];
  let below = times.map(() => 0);
  for (const presence of stack) {
    const counts = now === undefined ? history[presence] : [...history[presence], now.counts[presence]];
    below = below.map((count, point) => count + (counts[point] ?? 0));
    sums.push(below);
  }
  return [times, ...sums.reverse()];
}
