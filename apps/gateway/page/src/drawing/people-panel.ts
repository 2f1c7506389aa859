// Who is there: the picture of everybody, the search, the rooms, and the list; or, when nobody is known, what to do about that.
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { App } from '../app.js';
import type { RoomCount } from '../choosing.js';
import { isAdministrator, nowTs, shownRoster } from '../model.js';
import type { Person } from '../roster.js';
import { PRESENCE_WORDS } from '../told.js';
import { nameParts, numberWords } from '../words.js';
import type { DotField } from './dot-field.js';
import { town } from './header.js';
import { peopleList } from './people-list.js';

const MOST_ROOMS = 60;

export interface PeopleShown {
  readonly people: readonly Person[];
  readonly rooms: readonly RoomCount[];
}

export function peoplePanel(app: App, shown: PeopleShown, dots: DotField): TemplateResult {
  const { model } = app;
  const roster = shownRoster(model);
  if (roster.people.size === 0 && model.past === undefined) return nobody(app);
  return html`<section class="panel who-is-there" aria-labelledby="people-title">
    <div class="title-row">
      <h2 id="people-title">${model.past === undefined ? 'Who is there' : 'Who was there'}</h2>
      <p class="hint">${listedWords(app, shown.people.length)}</p>
    </div>
    ${picture(app, dots)} ${search(app)} ${rooms(app, shown.rooms)} ${peopleList(app, shown.people)}
    ${shown.people.length === 0 ? html`<p class="empty">Nobody matches. Clear the search, or choose another room or count.</p>` : nothing}
  </section>`;
}

function listedWords({ model }: App, listed: number): string {
  const { people, truncated } = shownRoster(model);
  const of = truncated ? `${numberWords(people.size)} and more` : numberWords(people.size);
  const which = model.presence === undefined ? '' : ` ${PRESENCE_WORDS[model.presence]}`;
  return `${numberWords(listed)}${which} of ${of} listed${truncated ? '; search finds the others' : ''}`;
}

function picture(app: App, dots: DotField): TemplateResult {
  const whose = (event: MouseEvent): Person | undefined => dots.at(event.offsetX, event.offsetY);
  const hover = (event: MouseEvent): void => {
    const person = whose(event);
    (event.currentTarget as HTMLElement).title =
      person === undefined ? '' : `${person.userId}: ${PRESENCE_WORDS[person.presence]}`;
  };
  const choose = (event: MouseEvent): void => {
    const person = whose(event);
    if (person !== undefined) app.select(person.userId);
  };
  return html`<canvas
    class="dots"
    aria-hidden="true"
    @mousemove=${hover}
    @click=${choose}
    ${ref(dots.placed)}
  ></canvas>`;
}

function search(app: App): TemplateResult {
  const { model } = app;
  const type = (event: Event): void => {
    model.search = (event.target as HTMLInputElement).value;
    app.wish();
  };
  return html`<div class="search">
    <label for="search">Search people and messages</label>
    <input id="search" type="search" autocomplete="off" spellcheck="false" .value=${model.search} @input=${type} />
  </div>`;
}

function rooms(app: App, counted: readonly RoomCount[]): TemplateResult | typeof nothing {
  const { model } = app;
  if (counted.length === 0) return nothing;
  const choose = (roomId: string | undefined) => (): void => {
    model.roomId = roomId;
    app.wish();
  };
  const shown = counted.slice(0, MOST_ROOMS);
  const chosen = counted.find(({ roomId }) => roomId === model.roomId);
  if (chosen !== undefined && !shown.includes(chosen)) shown.push(chosen);
  return html`<div class="rooms" role="group" aria-label="Rooms">
    <button class="room" aria-pressed=${model.roomId === undefined} @click=${choose(undefined)}>All rooms</button>
    ${shown.map(
      ({ roomId, joined, present }) =>
        html`<button class="room" title=${roomId} aria-pressed=${model.roomId === roomId} @click=${choose(roomId)}>
          ${nameParts(roomId).name} <span class="share">${present}/${joined}</span><span class="unseen"> there</span>
        </button>`,
    )}
  </div>`;
}

function nobody(app: App): TemplateResult {
  const { model } = app;
  const offered = town(app);
  const address = location.origin;
  return html`<section class="panel nobody" aria-labelledby="nobody-title">
    <h2 id="nobody-title">Nobody is here yet</h2>
    <p>This page shows people as soon as a client says something, or a service writes to the log.</p>
    ${
      offered === nothing
        ? nothing
        : html`<p>To see it move at once:</p>
            <p>${offered}</p>`
    }
    ${
      isAdministrator(model) && model.developmentToken !== undefined
        ? html`<p>Or be the first, from a terminal:</p>
            <pre tabindex="0" aria-label="A command to paste">
curl -X PUT -H 'Authorization: Bearer dev|@alice:localhost|PHONE' \\
  -d '{"presence":"online","status_msg":"hello"}' \\
  ${address}/_matrix/client/v3/presence/@alice:localhost/status</pre>`
        : html`<p class="hint">
            Connect a Matrix client to ${address}, or write to the topic of activity; the README says how.
          </p>`
    }
    <p class="hint">Looking since ${new Date(nowTs(model)).toLocaleTimeString()}.</p>
  </section>`;
}
