// Everybody as a dot, room by room: each stays in its place and changes its colour. Invariant: a picture of the list beside it and
// nothing more, so it is hidden from screen readers; drawn only when something changed, and nothing moves for who asks for stillness.
import type { Person, Roster } from '../roster.js';
import { colour, isStill, theme } from '../theme.js';
import { PRESENCES } from '../told.js';

const LARGEST_CELL = 30;
const MOST_HEIGHT = 112;
const SMALLEST_CELL = 5;
const RING_MS = 1_200;

interface Layout {
  readonly people: readonly Person[];
  readonly cell: number;
  readonly columns: number;
}

export class DotField {
  #canvas: HTMLCanvasElement | undefined;
  #drawn = '';
  #layout: Layout = { people: [], cell: LARGEST_CELL, columns: 1 };
  #numbering:
    { readonly size: number; readonly first: string | undefined; readonly order: readonly string[] } | undefined;

  /** Always the same function: it is called again only when the place is another. */
  readonly placed = (place: Element | undefined): void => {
    this.#canvas = place instanceof HTMLCanvasElement ? place : undefined;
    this.#drawn = '';
  };

  /** `again`: something still fades, so it wants to be drawn once more. */
  draw(roster: Roster, nowTs: number | undefined): 'done' | 'again' {
    const canvas = this.#canvas;
    if (canvas === undefined || canvas.clientWidth === 0) return 'done';
    const rings = nowTs === undefined || isStill() ? [] : ringsIn(roster, nowTs);
    const look = [roster.revision, canvas.clientWidth, theme(), rings.length, nowTs === undefined].join(' ');
    if (look === this.#drawn && rings.length === 0) return 'done';
    this.#drawn = look;
    this.#layout = this.#arrange(roster, canvas.clientWidth);
    // As high as its rows, so that a small town leaves no hole.
    const rows = Math.ceil(this.#layout.people.length / this.#layout.columns);
    canvas.style.height = `${String(Math.min(MOST_HEIGHT, Math.max(1, rows) * this.#layout.cell))}px`;
    paint(canvas, this.#layout, nowTs, rings.length > 0);
    return rings.length > 0 ? 'again' : 'done';
  }

  /** Whose dot is there, if it is somebody's. */
  at(x: number, y: number): Person | undefined {
    const { people, cell, columns } = this.#layout;
    const column = Math.floor(x / cell);
    return column < columns ? people[Math.floor(y / cell) * columns + column] : undefined;
  }

  #arrange(roster: Roster, width: number): Layout {
    const people = this.#ordered(roster);
    const even = Math.sqrt((width * MOST_HEIGHT) / Math.max(1, people.length));
    let cell = Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, Math.floor(even)));
    while (cell > SMALLEST_CELL && Math.ceil(people.length / Math.floor(width / cell)) * cell > MOST_HEIGHT) cell -= 1;
    return { people, cell, columns: Math.max(1, Math.floor(width / cell)) };
  }

  /** By room and name; sorted anew only when people come or go. */
  #ordered(roster: Roster): Person[] {
    const known = this.#numbering;
    const first = roster.people.keys().next().value;
    if (known?.size !== roster.people.size || known.first !== first) {
      const sorted = [...roster.people.values()].sort((one, other) => {
        const [a, b] = [`${one.rooms[0] ?? '~'} ${one.key}`, `${other.rooms[0] ?? '~'} ${other.key}`];
        return a < b ? -1 : 1;
      });
      this.#numbering = { size: roster.people.size, first, order: sorted.map(({ userId }) => userId) };
    }
    return (this.#numbering?.order ?? []).flatMap((userId) => roster.people.get(userId) ?? []);
  }
}

function ringsIn(roster: Roster, nowTs: number): Person[] {
  return [...roster.people.values()].filter(({ changedTs }) => changedTs !== undefined && nowTs - changedTs < RING_MS);
}

function paint(
  canvas: HTMLCanvasElement,
  { people, cell, columns }: Layout,
  nowTs: number | undefined,
  withRings: boolean,
): void {
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const radius = cell * 0.34;
  for (const presence of PRESENCES) {
    context.fillStyle = context.strokeStyle = colour(presence);
    context.lineWidth = Math.max(1, cell / 14);
    context.beginPath();
    people.forEach((person, place) => {
      if (person.presence !== presence) return;
      const [x, y] = [((place % columns) + 0.5) * cell, (Math.floor(place / columns) + 0.5) * cell];
      const size = presence === 'offline' ? radius * 0.75 : radius;
      context.moveTo(x + size, y);
      context.arc(x, y, size, 0, 2 * Math.PI);
    });
    if (presence === 'offline') context.stroke();
    else context.fill();
  }
  if (!withRings || nowTs === undefined) return;
  people.forEach(({ changedTs, presence }, place) => {
    const age = (nowTs - (changedTs ?? -Infinity)) / RING_MS;
    if (age < 0 || age >= 1) return;
    context.globalAlpha = 1 - age;
    context.strokeStyle = colour(presence);
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(
      ((place % columns) + 0.5) * cell,
      (Math.floor(place / columns) + 0.5) * cell,
      radius + age * cell * 0.5,
      0,
      2 * Math.PI,
    );
    context.stroke();
  });
  context.globalAlpha = 1;
}
