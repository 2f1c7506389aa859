// Everybody, as a list of which only the rows that can be seen are in the document. Invariant: the number of rows drawn depends on
// the height that is seen; the chosen row is among them, so that the keyboard and screen readers always have where they are.
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { repeat } from 'lit/directives/repeat.js';
import type { App } from '../app.js';
import { shownTs, type Model } from '../model.js';
import type { Person } from '../roster.js';
import { PRESENCE_WORDS } from '../told.js';
import { windowOfRows } from '../window-of-rows.js';
import { agoWords, nameParts } from '../words.js';
import { glyph } from './glyphs.js';

/** As the style sheet has it. */
export const ROW_HEIGHT = 58;

interface Row {
  readonly person: Person;
  readonly place: number;
}

export function peopleList(app: App, people: readonly Person[]): TemplateResult {
  const { model } = app;
  const scroll = (event: Event): void => {
    model.scrollTop = (event.currentTarget as HTMLElement).scrollTop;
    requestAnimationFrame(() => {
      app.draw();
    });
  };
  const rows = rowsToDraw(model, people);
  const isShown = rows.some(({ person }) => person.userId === model.selected);
  return html`<div class="people" @scroll=${scroll} ${ref(app.listPlaced)}>
    <div
      id="people"
      class="rows"
      role="listbox"
      tabindex="0"
      aria-label="People"
      aria-activedescendant=${isShown ? idOf(String(model.selected)) : nothing}
      .style=${`height:${String(people.length * ROW_HEIGHT)}px`}
      @keydown=${(event: KeyboardEvent) => {
        move(app, people, event);
      }}
    >
      ${repeat(
        rows,
        ({ person }) => person.userId,
        (row) => rowOf(app, row, people.length),
      )}
    </div>
  </div>`;
}

function rowsToDraw({ scrollTop, listHeight, selected }: Model, people: readonly Person[]): Row[] {
  const { first, end } = windowOfRows(scrollTop, listHeight, ROW_HEIGHT, people.length);
  const rows = people.slice(first, end).map((person, index) => ({ person, place: first + index }));
  const chosen = selected === undefined ? -1 : people.findIndex(({ userId }) => userId === selected);
  const person = people[chosen];
  if (person !== undefined && (chosen < first || chosen >= end)) rows.push({ person, place: chosen });
  return rows;
}

function idOf(userId: string): string {
  return `person-${userId}`;
}

function rowOf(app: App, { person, place }: Row, count: number): TemplateResult {
  const { model } = app;
  const { name, rest } = nameParts(person.userId);
  const isSelected = person.userId === model.selected;
  const [first, ...more] = person.rooms;
  return html`<div
    id=${idOf(person.userId)}
    class="row ${person.presence}"
    role="option"
    aria-selected=${isSelected}
    aria-setsize=${count}
    aria-posinset=${place + 1}
    .style=${`transform:translateY(${String(place * ROW_HEIGHT)}px)`}
    @click=${() => {
      app.select(isSelected ? undefined : person.userId);
    }}
  >
    <span class="face" aria-hidden="true">${name.slice(0, 1)}</span>
    <span class="who-is">
      <span class="name">${name}<span class="rest">${rest}</span></span>
      <span class="message"
        >${person.statusMsg !== '' ? person.statusMsg : first === undefined ? '' : `in ${nameParts(first).name}${more.length > 0 ? ` and ${String(more.length)} more` : ''}`}</span
      >
    </span>
    <span class="shows">
      <span class="presence">${glyph(person.presence)}${PRESENCE_WORDS[person.presence]}</span>
      <span class="ago">${activeWords(person, shownTs(model))}</span>
    </span>
  </div>`;
}

function activeWords({ currentlyActive, lastActiveTs }: Person, atTs: number): string {
  if (currentlyActive) return 'active now';
  return lastActiveTs === undefined ? '' : `active ${agoWords(Math.min(lastActiveTs, atTs), atTs)}`;
}

/** As a list box is moved through (WAI-ARIA Authoring Practices, "Listbox"). */
function move(app: App, people: readonly Person[], event: KeyboardEvent): void {
  const { model } = app;
  const now = people.findIndex(({ userId }) => userId === model.selected);
  const page = Math.max(1, Math.floor(model.listHeight / ROW_HEIGHT) - 1);
  const last = people.length - 1;
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: Math.min(last, now + 1),
    ArrowUp: Math.max(0, now - 1),
    PageDown: Math.min(last, now + page),
    PageUp: Math.max(0, now - page),
    Home: 0,
    End: last,
  };
  if (event.key === 'Escape') app.select(undefined);
  const next = steps[event.key];
  const person = next === undefined ? undefined : people[next];
  if (next === undefined || person === undefined) return;
  event.preventDefault();
  app.select(person.userId);
  const box = (event.currentTarget as HTMLElement).parentElement;
  if (box === null) return;
  const top = next * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_HEIGHT - box.clientHeight;
}
