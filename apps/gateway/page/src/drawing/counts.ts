// How many show what, large; each count is a button that lists only those. Invariant: of the time that is shown.
import { html, type TemplateResult } from 'lit';
import type { App } from '../app.js';
import { shownCounts } from '../model.js';
import { PRESENCES, PRESENCE_WORDS, type Presence } from '../told.js';
import { numberWords } from '../words.js';
import { glyph } from './glyphs.js';

export function counts(app: App): TemplateResult {
  const { model } = app;
  const shown = shownCounts(model);
  const tile = (presence: Presence): TemplateResult => {
    const isChosen = model.presence === presence;
    const choose = (): void => {
      model.presence = isChosen ? undefined : presence;
      model.scrollTop = 0;
      app.draw();
    };
    return html`<button class="tile ${presence}" aria-pressed=${isChosen} @click=${choose}>
      <span class="count">${shown === undefined ? '–' : numberWords(shown[presence])}</span>
      <span class="label">${glyph(presence)}${PRESENCE_WORDS[presence]}</span>
    </button>`;
  };
  return html`<section class="tiles" aria-label="How many show what; press to list only them">
    ${PRESENCES.map(tile)}
  </section>`;
}
