// One user: what they show, and how they came to it. Invariant: as of the time that is shown; later changes are not listed.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { App } from '../app.js';
import { isAdministrator, nowTs, shownRoster, shownTs, timeRange } from '../model.js';
import { PRESENCE_WORDS, type MoveTold, type Presence } from '../told.js';
import { agoWords, causeWords, nameParts, timeWords } from '../words.js';
import { became } from './changes-panel.js';
import { glyph } from './glyphs.js';

const STRIP_WIDTH = 1_000;

export function personPanel(app: App): TemplateResult | typeof nothing {
  const { model } = app;
  const { selected, timeline } = model;
  if (selected === undefined) return nothing;
  const person = shownRoster(model).people.get(selected);
  const { name, rest } = nameParts(selected);
  const moves = (timeline?.moves ?? []).filter(({ at_ts: atTs }) => atTs <= shownTs(model) + 1_000);
  const close = (): void => {
    app.select(undefined);
  };
  return html`<section class="panel person" aria-labelledby="person-title">
    <div class="title-row">
      <h2 id="person-title">${name}<span class="rest">${rest}</span></h2>
      <button class="quiet" aria-label=${`Close ${name}`} @click=${close}>Close</button>
    </div>
    <p class="now">
      ${
        person === undefined
          ? 'Not known then.'
          : html`${glyph(person.presence)}<strong>${PRESENCE_WORDS[person.presence]}</strong>
              ${person.statusMsg === '' ? nothing : html`<q>${person.statusMsg}</q>`}
              ${person.lastActiveTs === undefined ? nothing : html`<span class="hint">active ${agoWords(person.lastActiveTs, shownTs(model))}</span>`}`
      }
    </p>
    ${person === undefined || person.rooms.length === 0 ? nothing : html`<p class="hint">In ${person.rooms.map((room) => nameParts(room).name).join(', ')}.</p>`}
    ${isAdministrator(model) ? story(app, moves) : html`<p class="hint">The timeline is the administrator’s.</p>`}
  </section>`;
}

function story(app: App, moves: readonly MoveTold[]): TemplateResult {
  const { model } = app;
  const { timeline } = model;
  return html`${strip(app, timeline?.moves ?? [])}
    <ol class="story">
      ${moves.slice(0, 60).map(
        (move) =>
          html`<li>
            <button
              class="link at"
              title="Show the page as of then"
              @click=${() => {
                app.seek(move.at_ts);
              }}
            >
              ${timeWords(move.at_ts, nowTs(model))}
            </button>
            <span class="what">${became(move)} <span class="cause">${causeWords(move)}</span></span>
          </li>`,
      )}
    </ol>
    ${timeline !== undefined && moves.length === 0 ? html`<p class="empty">No change is known here; “rollcall timeline” reads the whole log.</p>` : nothing}`;
}

/** The range of the chart above as one band of colours. */
function strip(app: App, moves: readonly MoveTold[]): TemplateResult {
  const { fromTs, toTs } = timeRange(app.model);
  const x = (ts: number): number => Math.round((Math.max(0, ts - fromTs) / Math.max(1, toTs - fromTs)) * STRIP_WIDTH);
  const spans: { readonly presence: Presence; readonly fromX: number; readonly toX: number }[] = [];
  let untilTs = toTs;
  for (const { at_ts: atTs, presence } of moves) {
    if (atTs > toTs) continue;
    if (presence !== undefined) spans.push({ presence, fromX: x(atTs), toX: x(untilTs) });
    untilTs = atTs;
    if (atTs < fromTs) break;
  }
  const [first] = moves.slice(-1);
  if (first !== undefined && untilTs > fromTs && first.before !== undefined)
    spans.push({ presence: first.before.presence, fromX: 0, toX: x(untilTs) });
  const atX = app.model.past === undefined ? undefined : x(app.model.past.atTs);
  return html`<svg class="strip" viewBox="0 0 ${STRIP_WIDTH} 20" preserveAspectRatio="none" aria-hidden="true">
    ${spans.map(({ presence, fromX, toX }) => svg`<rect class=${presence} x=${fromX} y="0" width=${Math.max(0, toX - fromX)} height="20"></rect>`)}
    ${atX === undefined ? nothing : svg`<rect class="here" x=${atX - 2} y="0" width="4" height="20"></rect>`}
  </svg>`;
}
