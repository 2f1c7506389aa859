// The whole page out of the model. Invariant: what costs (choosing, sorting, counting by room) is done again only when the people or
// the wish have changed; canvases are drawn after the document.
import { html, nothing, render, type TemplateResult } from 'lit';
import type { App } from '../app.js';
import { chosen, roomCounts, type RoomCount } from '../choosing.js';
import { isAdministrator, nowTs, shownRoster, type Model } from '../model.js';
import type { Person, Roster } from '../roster.js';
import { changesPanel } from './changes-panel.js';
import { CountsChart } from './counts-chart.js';
import { counts } from './counts.js';
import { DotField } from './dot-field.js';
import { enginePanel } from './engine-panel.js';
import { awayBanner, header } from './header.js';
import { peoplePanel } from './people-panel.js';
import { personPanel } from './person-panel.js';
import { signIn } from './sign-in.js';
import { timePanel } from './time-panel.js';

interface Chosen {
  readonly roster: Roster;
  readonly look: string;
  readonly people: readonly Person[];
  readonly rooms: readonly RoomCount[];
}

export class Drawing {
  readonly #chart: CountsChart;
  readonly #dots = new DotField();
  #chosen: Chosen | undefined;

  constructor(private readonly app: App) {
    this.#chart = new CountsChart((atTs) => {
      app.seek(atTs);
    });
  }

  draw(place: HTMLElement): void {
    const { app } = this;
    const { model } = app;
    document.title = titleOf(model);
    render(html`${header(app)} ${awayBanner(app)} ${this.#main()} ${announcer(model)}`, place);
    this.#chart.draw(model);
    const outcome = this.#dots.draw(shownRoster(model), model.past === undefined ? nowTs(model) : undefined);
    if (outcome === 'again') app.changed();
  }

  #main(): TemplateResult {
    const { app } = this;
    const { session } = app.model;
    switch (session.kind) {
      case 'asking':
        return html`<main class="waiting" aria-busy="true"><p>Asking the server …</p></main>`;
      case 'signed-out':
        return signIn(app, session.complaint);
      case 'signed-in':
        return html`<main class=${app.model.past === undefined ? '' : 'past'}>
          ${isAdministrator(app.model) ? counts(app) : nothing} ${timePanel(app, this.#chart)}
          <div class="columns">
            ${peoplePanel(app, this.#choose(), this.#dots)}
            <div class="side">
              ${personPanel(app)} ${changesPanel(app)} ${isAdministrator(app.model) ? enginePanel(app) : nothing}
            </div>
          </div>
        </main>`;
    }
  }

  #choose(): Chosen {
    const { model } = this.app;
    const roster = shownRoster(model);
    const { search, roomId, presence } = model;
    const look = JSON.stringify([roster.revision, search, roomId, presence]);
    if (this.#chosen?.roster !== roster || this.#chosen.look !== look)
      this.#chosen = { roster, look, people: chosen(roster, { search, roomId, presence }), rooms: roomCounts(roster) };
    return this.#chosen;
  }
}

function titleOf({ awaySinceTs, counts: now, session }: Model): string {
  if (awaySinceTs !== undefined) return 'Rollcall: reconnecting';
  return session.kind === 'signed-in' && now !== undefined
    ? `${String(now.online + now.busy)} online · Rollcall`
    : 'Rollcall';
}

function announcer({ announcement }: Model): TemplateResult {
  return html`<p class="unseen" role="status" aria-live="polite">${announcement}</p>`;
}
