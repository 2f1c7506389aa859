// The signs of the page as vector drawings. Invariant: a presence is told by shape as well as by colour, and never by a sign alone:
// whoever draws one puts the word beside it.
import { html, svg, type TemplateResult } from 'lit';
import type { Presence } from '../told.js';

const SHAPES = {
  online: svg`<circle cx="8" cy="8" r="6"></circle>`,
  busy: svg`<circle cx="8" cy="8" r="6"></circle><path class="cut" d="M5 8h6"></path>`,
  unavailable: svg`<path d="M8 2a6 6 0 1 0 6 6 5 5 0 0 1-6-6z"></path>`,
  offline: svg`<circle class="ring" cx="8" cy="8" r="5"></circle>`,
};

export function glyph(presence: Presence): TemplateResult {
  return html`<svg class="glyph ${presence}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    ${SHAPES[presence]}
  </svg>`;
}

export function mark(): TemplateResult {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <circle class="online" cx="9" cy="9" r="4.4"></circle>
    <circle class="online" cx="23" cy="9" r="4.4"></circle>
    <circle class="unavailable" cx="9" cy="23" r="4.4"></circle>
    <circle class="offline" cx="23" cy="23" r="3.6"></circle>
  </svg>`;
}
