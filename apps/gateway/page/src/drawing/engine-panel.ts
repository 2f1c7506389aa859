// How the engine does: rates as numbers with a line of their last minutes, and how far the fold is behind its inputs, partition by
// partition. Invariant: of now, also while the page shows the past, and it says so.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { App } from '../app.js';
import { RATE_WORDS, type RateWord, type Rates } from '../rates.js';
import { numberWords, rateWords } from '../words.js';

const WIDTH = 120;
const HEIGHT = 28;

const EXPLAINED: Readonly<Record<RateWord, string>> = {
  inputs: 'Activity and commands written to the log',
  changes: 'Presence that became another',
  deliveries: 'Frames sent towards clients',
  rejected: 'Records that could not be read',
};

export function enginePanel(app: App): TemplateResult {
  const { pulse, rates, past } = app.model;
  return html`<section class="panel engine" aria-labelledby="engine-title">
    <div class="title-row">
      <h2 id="engine-title">Engine</h2>
      <p class="hint">${past === undefined ? 'a second' : 'now, a second'}</p>
    </div>
    <dl class="rates">${RATE_WORDS.map((word) => rate(word, rates.rates))}</dl>
    <h3>Behind its inputs, by partition</h3>
    ${pulse === undefined ? nothing : lag(pulse.lag.map(({ activity, commands }) => activity + commands))}
  </section>`;
}

function rate(word: RateWord, rates: readonly Rates[]): TemplateResult {
  const values = rates.map((each) => each[word]);
  const now = values[values.length - 1];
  return html`<div class="rate ${word}" title=${EXPLAINED[word]}>
    <dt>${word}</dt>
    <dd>${line(values)}<span class="value">${now === undefined ? '–' : rateWords(now)}</span></dd>
  </div>`;
}

function line(values: readonly number[]): TemplateResult {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values
    .map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`)
    .join(' ');
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${svg`<polyline points=${points}></polyline>`}
  </svg>`;
}

function lag(records: readonly number[]): TemplateResult {
  const most = Math.max(...records, 0);
  const words = most === 0 ? 'Every partition is caught up.' : `At most ${numberWords(most)} records behind.`;
  return html`<p class="hint">${words}</p>
    <ul class="lags">
      ${records.map(
        (behind, partition) =>
          html`<li class=${behind === 0 ? 'even' : 'behind'}>
            <span class="partition">${partition}</span><span class="value">${numberWords(behind)}</span>
          </li>`,
      )}
    </ul>`;
}
