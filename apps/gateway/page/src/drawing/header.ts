// The top of the page: what this is, whether it is live, who looks, light or dark; and the banner while the server is away.
import { html, nothing, type TemplateResult } from 'lit';
import type { App } from '../app.js';
import { nowTs } from '../model.js';
import { chooseTheme, theme } from '../theme.js';
import { timeWords } from '../words.js';
import { mark } from './glyphs.js';

export function header(app: App): TemplateResult {
  const { session, awaySinceTs, past } = app.model;
  const state = awaySinceTs !== undefined ? 'away' : past === undefined ? 'live' : 'past';
  const words = { away: 'Reconnecting', live: 'Live', past: 'In the past' }[state];
  return html`<header>
    <a class="skip" href="#people">Skip to the people</a>
    <h1>${mark()}Rollcall</h1>
    ${session.kind === 'signed-in' ? html`<p class="state ${state}"><span class="dot"></span>${words}</p>` : nothing}
    <div class="tools">
      ${session.kind === 'signed-in' ? town(app) : nothing} ${themeButton(app)}
      ${session.kind === 'signed-in' ? whoLooks(app) : nothing}
    </div>
  </header>`;
}

function themeButton(app: App): TemplateResult {
  const isDark = theme() === 'dark';
  const turn = (): void => {
    chooseTheme(isDark ? 'light' : 'dark');
    app.draw();
  };
  return html`<button class="quiet" aria-pressed=${isDark} @click=${turn}>Dark</button>`;
}

function whoLooks(app: App): TemplateResult {
  const { session, developmentToken } = app.model;
  const caller = session.kind === 'signed-in' ? session.caller : undefined;
  const name = caller?.kind === 'user' ? caller.userId : 'administrator';
  const title = developmentToken === undefined ? '' : 'Development mode: this machine signs in by itself';
  const leave = (): void => {
    app.signOut();
  };
  return html`<span class="who" title=${title}>${name}</span><button class="quiet" @click=${leave}>Sign out</button>`;
}

/** Only where development tokens are taken. */
export function town(app: App): TemplateResult | typeof nothing {
  const { developmentToken, pulse, townIsAsked, session } = app.model;
  const isAdministrator = session.kind === 'signed-in' && session.caller.kind === 'administrator';
  if (developmentToken === undefined || !isAdministrator || pulse === undefined) return nothing;
  const isAwake = pulse.town.state === 'awake';
  const turn = (): void => {
    app.setTown(isAwake ? 'asleep' : 'awake').catch((error: unknown) => {
      app.failed(error);
    });
  };
  return html`<button class=${isAwake ? 'quiet' : 'strong'} ?disabled=${townIsAsked} @click=${turn}>
    ${isAwake ? 'Stop the town' : 'Start a simulated town'}
  </button>`;
}

export function awayBanner(app: App): TemplateResult | typeof nothing {
  const { awaySinceTs, session } = app.model;
  if (awaySinceTs === undefined) return nothing;
  const seen =
    session.kind === 'signed-in' ? ` What you see is as of ${timeWords(awaySinceTs, nowTs(app.model))}.` : '';
  return html`<p class="banner" role="alert"><strong>The server does not answer.</strong>${seen} Trying again …</p>`;
}
