// Changes as they come, newest first; in the past, those that led up to the time that is shown. Invariant: not announced one by one: a
// busy server would talk without end.
import { html, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { App } from '../app.js';
import { shownTs } from '../model.js';
import { PRESENCE_WORDS, type MoveTold, type Presence } from '../told.js';
import { causeWords, nameParts, timeWords } from '../words.js';
import { glyph } from './glyphs.js';

const MOST_SHOWN = 14;

export function changesPanel(app: App): TemplateResult {
  const { model } = app;
  const moves = (model.past?.moves ?? model.moves).slice(0, MOST_SHOWN);
  return html`<section class="panel changes" aria-labelledby="changes-title">
    <h2 id="changes-title">${model.past === undefined ? 'Changes as they come' : 'What had just changed'}</h2>
    ${
      moves.length === 0
        ? html`<p class="empty">No change yet.</p>`
        : html`<ol>
            ${repeat(
              moves,
              (move) => `${move.user_id} ${String(move.life)} ${String(move.version)} ${String(move.at_ts)}`,
              (move) => row(app, move),
            )}
          </ol>`
    }
  </section>`;
}

function row(app: App, move: MoveTold): TemplateResult {
  const choose = (): void => {
    app.select(move.user_id);
  };
  return html`<li>
    <time class="at">${timeWords(move.at_ts, shownTs(app.model))}</time>
    <span class="what">
      <button class="link" @click=${choose}>${nameParts(move.user_id).name}</button>
      ${became(move)}
      <span class="cause">${move.cause === '' ? '' : causeWords(move)}</span>
    </span>
  </li>`;
}

/** What became of them, in words. */
export function became(move: MoveTold): TemplateResult {
  const { presence } = move;
  if (presence === undefined) return html`<span class="presence">was forgotten</span>`;
  return html`<span class="presence">${glyph(presence)}${becameWords(move, presence)}</span>`;
}

function becameWords(
  { before, status_msg: message, currently_active: isActive }: MoveTold,
  presence: Presence,
): string {
  const says = message === undefined || message === before?.status_msg ? undefined : `says “${message}”`;
  const shows = PRESENCE_WORDS[presence];
  if (before?.presence !== presence) return says === undefined ? shows : `${shows}, ${says}`;
  if (says !== undefined) return says;
  if (before.status_msg !== message) return 'takes the message back';
  if (before.currently_active === isActive) return `still ${shows}`;
  return isActive === true ? 'active again' : 'no longer active';
}
