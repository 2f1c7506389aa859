// Time: the chart of counts and the slider below it, which shows the whole page as of then. Invariant: the slider says its time in words,
// and stands still while somebody looks at the past.
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { App } from '../app.js';
import { WINDOWS, isAdministrator, nowTs, timeRange, type Model } from '../model.js';
import { agoWords, timeWords } from '../words.js';
import type { CountsChart } from './counts-chart.js';

export function timePanel(app: App, chart: CountsChart): TemplateResult {
  const { model } = app;
  return html`<section class="panel time" aria-labelledby="time-title">
    <div class="title-row">
      <h2 id="time-title">Over time</h2>
      ${isAdministrator(model) ? choices(app) : nothing}
    </div>
    ${isAdministrator(model) ? html`<div class="chart" aria-hidden="true" ${ref(chart.placed)}></div>` : nothing}
    ${slider(app)}
  </section>`;
}

function choices(app: App): TemplateResult {
  const { model } = app;
  const again = (): void => {
    app.askHistory().catch((error: unknown) => {
      app.failed(error);
    });
    app.draw();
  };
  const choose = (event: Event): void => {
    model.window = WINDOWS[(event.target as HTMLSelectElement).selectedIndex] ?? WINDOWS[0];
    model.past = undefined;
    again();
  };
  const turn = (event: Event): void => {
    model.withOffline = (event.target as HTMLInputElement).checked;
    again();
  };
  return html`<label class="check"
      ><input type="checkbox" .checked=${model.withOffline} @change=${turn} />offline</label
    >
    <label class="select"
      >Last
      <select @change=${choose}>
        ${WINDOWS.map((each) => html`<option ?selected=${each === model.window}>${each.words}</option>`)}
      </select>
    </label>`;
}

function slider(app: App): TemplateResult {
  const { model } = app;
  const mayLookBack = isAdministrator(model);
  const { fromTs, toTs } = timeRange(model);
  const atTs = model.past?.atTs ?? toTs;
  const stepMs = Math.max(1, Math.floor((toTs - fromTs) / 300));
  const seek = (event: Event): void => {
    const wantedTs = Number((event.target as HTMLInputElement).value);
    app.seek(wantedTs > toTs - stepMs ? undefined : wantedTs);
  };
  return html`<div class="slider">
      <label for="time-slider">Show the page as of</label>
      <input
        id="time-slider"
        type="range"
        min=${Math.round(fromTs)}
        max=${Math.round(toTs)}
        step=${stepMs}
        .value=${String(Math.round(atTs))}
        aria-valuetext=${valueWords(model)}
        aria-describedby="time-words"
        ?disabled=${!mayLookBack}
        @input=${seek}
      />
    </div>
    <div class="time-row">
      <p id="time-words" class="time-words">${timeWordsOf(model)}</p>
      <button
        class=${model.past === undefined ? 'quiet' : 'strong'}
        ?disabled=${model.past === undefined}
        @click=${() => {
          app.seek(undefined);
        }}
      >
        Back to now
      </button>
    </div>`;
}

function valueWords(model: Model): string {
  const { past } = model;
  return past === undefined ? 'now' : `${timeWords(past.atTs, nowTs(model))}, ${agoWords(past.atTs, nowTs(model))}`;
}

function timeWordsOf(model: Model): TemplateResult {
  const { past } = model;
  if (!isAdministrator(model))
    return html`Looking back is the administrator’s: the log holds everybody’s history, and your token shows what you
    may see now.`;
  if (past === undefined)
    return html`<strong>Now.</strong> Drag the slider, or click the chart, to see the page as of then.`;
  if (past.complaint !== undefined) return html`<strong class="complaint">${past.complaint}</strong>`;
  return html`<strong>${timeWords(past.atTs, nowTs(model))}</strong>, ${agoWords(past.atTs, nowTs(model))}. Rooms are as
    they are now.`;
}
