// What the page does: signs in, follows the server, seeks, and draws when something may look different. Invariant: while the server is
// away everything stays as it was, says so, and mends itself; nothing that the server says is trusted to be quick.
import { Announcing } from './announcing.js';
import { Drawing } from './drawing/drawing.js';
import { follow } from './following.js';
import {
  MOST_MOVES,
  MOST_PEOPLE,
  isAdministrator,
  newModel,
  nowTs,
  shownCounts,
  timeRange,
  toldRoster,
  type Caller,
  type Model,
} from './model.js';
import { pause } from './pausing.js';
import { Roster } from './roster.js';
import { Latest } from './seeking.js';
import { AwayError, RefusedError, Server } from './server.js';
import { Session } from './session.js';
import type { HistoryTold, MoveTold, OverviewTold, PulseTold, TimelineTold, ViewTold, WelcomeTold } from './told.js';

const DRAW_EVERY_MS = 100;
const POINTS = 240;

export class App {
  readonly model: Model = newModel();
  server = new Server(undefined);
  readonly #drawing = new Drawing(this);
  readonly #session = new Session();
  readonly #announcing = new Announcing();
  readonly #finding = new Latest<undefined>(() => this.#find());
  readonly #seeking = new Latest<number>((atTs) => this.#tellPast(atTs));
  #following = new AbortController();
  #list: Element | undefined;
  #drawnMs = 0;
  #isDue = false;

  constructor(private readonly place: HTMLElement) {}

  /** Where the list is: its height says how many rows are drawn. */
  readonly listPlaced = (place: Element | undefined): void => {
    this.#list = place;
    if (place !== undefined) this.model.scrollTop = place.scrollTop;
  };

  async start(): Promise<void> {
    this.draw();
    try {
      const { development_token: token } = await this.server.ask<WelcomeTold>('welcome');
      this.model.developmentToken = token;
    } catch (error) {
      this.failed(error);
    }
    const token = this.#session.token ?? (this.#session.hasSignedOut ? undefined : this.model.developmentToken);
    if (token === undefined) this.#show({ kind: 'signed-out' });
    else await this.signIn(token);
  }

  async signIn(token: string): Promise<void> {
    this.server = new Server(token);
    try {
      const { caller = '', development_token: offered } = await this.server.ask<WelcomeTold>('welcome');
      this.model.developmentToken = offered;
      this.answered();
      this.#session.keep(token);
      this.#begin(caller === 'administrator' ? { kind: 'administrator' } : { kind: 'user', userId: caller });
    } catch (error) {
      if (error instanceof RefusedError) return this.signOut(error.message);
      this.failed(error);
      await pause(1_500);
      await this.signIn(token);
    }
  }

  signOut(complaint?: string): void {
    this.#following.abort();
    this.#session.forget();
    this.server = new Server(undefined);
    const { developmentToken, window } = this.model;
    Object.assign(this.model, {
      ...newModel(),
      live: this.model.live,
      rates: this.model.rates,
      developmentToken,
      window,
    });
    this.model.live.replace({
      users: [],
      rooms: [],
      truncated: false,
      position: '',
      at_ts: 0,
      counts: NOBODY,
      moves: [],
    });
    this.#show({ kind: 'signed-out', ...(complaint === undefined ? {} : { complaint }) });
  }

  /** Something that is drawn has changed: drawn soon, and at most ten times a second. */
  changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const waitMs = Math.max(0, this.#drawnMs + DRAW_EVERY_MS - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.draw()), waitMs);
  }

  /** At once, for what somebody did. */
  draw(): void {
    this.#isDue = false;
    this.#drawnMs = performance.now();
    const height = this.#list?.clientHeight ?? 0;
    if (height > 0) this.model.listHeight = height;
    this.#drawing.draw(this.place);
  }

  answered(): void {
    if (this.model.awaySinceTs === undefined) return;
    this.model.awaySinceTs = undefined;
    this.model.announcement = this.#announcing.urgent('The server is back.', Date.now());
    this.changed();
  }

  /** A refused token signs out; anything else is the server being away. */
  failed(error: unknown): void {
    if (error instanceof RefusedError && (error.status === 401 || error.status === 403)) {
      this.signOut(error.message);
      return;
    }
    if (!(error instanceof AwayError) || this.model.awaySinceTs !== undefined) return;
    this.model.awaySinceTs = nowTs(this.model);
    this.model.announcement = this.#announcing.urgent('The server does not answer. Trying again.', Date.now());
    this.changed();
  }

  takeOverview(told: OverviewTold): void {
    this.model.live.replace(told);
    this.model.counts = told.counts;
    this.model.moves = told.moves;
    this.changed();
  }

  takeMoves(moves: readonly MoveTold[]): void {
    const { live, found } = this.model;
    const news = moves.filter((move) => live.apply(move) === 'news');
    if (found !== undefined && found.atTs === undefined) for (const move of moves) found.roster.apply(move);
    this.model.moves = [...news.toReversed(), ...this.model.moves].slice(0, MOST_MOVES);
    if (news.some(({ user_id: userId }) => userId === this.model.selected)) this.#askTimeline();
    const { past } = this.model;
    if (past !== undefined && moves.some(({ at_ts: atTs }) => atTs <= past.atTs)) this.#seeking.want(past.atTs);
    this.changed();
  }

  /** A user's own stream: what somebody shows, without where it came from. */
  takeView(userId: string, view: ViewTold): void {
    const before = this.model.live.people.get(userId);
    const atTs = nowTs(this.model);
    this.model.live.show(userId, view, atTs);
    const move: MoveTold = {
      ...{ user_id: userId, life: 0, version: 0, at_ts: atTs, cause: '', ...view },
      ...(before === undefined ? {} : { before: { presence: before.presence } }),
    };
    if (before?.presence !== view.presence) this.model.moves = [move, ...this.model.moves].slice(0, MOST_MOVES);
    this.changed();
  }

  takePulse(pulse: PulseTold): void {
    this.model.pulse = pulse;
    this.model.skewMs = pulse.now_ts - Date.now();
    this.model.counts = pulse.counts;
    this.model.rates.add(pulse);
    const counts = shownCounts(this.model);
    if (counts !== undefined)
      this.model.announcement = this.#announcing.counts(counts, Date.now()) ?? this.model.announcement;
    this.changed();
  }

  async askHistory(): Promise<void> {
    const { fromTs, toTs } = timeRange(this.model);
    const question = { from: Math.round(fromTs), to: Math.round(toTs), points: POINTS };
    this.model.history = await this.server.ask<HistoryTold>('history', question);
    this.changed();
  }

  /** Shows a time; undefined: now. */
  seek(atTs: number | undefined): void {
    if (atTs === undefined) {
      this.#seeking.forget();
      this.model.past = undefined;
    } else {
      const { fromTs, toTs } = timeRange(this.model);
      this.model.past = { ...(this.model.past ?? { moves: [] }), atTs: Math.round(atTs), fromTs, toTs };
      this.#seeking.want(this.model.past.atTs);
    }
    this.draw();
  }

  /** Somebody looks for something else: what the page was not told of is asked for. */
  wish(): void {
    this.model.scrollTop = 0;
    if (toldRoster(this.model).truncated) this.#finding.want(undefined);
    this.draw();
  }

  select(userId: string | undefined): void {
    this.model.selected = userId;
    this.model.timeline = undefined;
    this.#askTimeline();
    this.draw();
  }

  async setTown(state: 'awake' | 'asleep'): Promise<void> {
    this.model.townIsAsked = true;
    this.draw();
    try {
      await this.server.tell('town', { state });
      this.takePulse(await this.server.ask<PulseTold>('pulse'));
    } catch (error) {
      this.failed(error);
    }
    this.model.townIsAsked = false;
    this.draw();
  }

  #begin(caller: Caller): void {
    this.#following.abort();
    this.#following = new AbortController();
    this.#show({ kind: 'signed-in', caller });
    follow(this, caller, this.#following.signal);
  }

  #show(session: Model['session']): void {
    this.model.session = session;
    this.draw();
  }

  async #tellPast(atTs: number): Promise<void> {
    try {
      const told = await this.server.ask<OverviewTold>('overview', { at: atTs, limit: MOST_PEOPLE });
      const { past } = this.model;
      if (past === undefined) return;
      const { complaint: _answered, ...rest } = past;
      this.model.past = { ...rest, roster: Roster.of(told), counts: told.counts, moves: told.moves };
    } catch (error) {
      const { past } = this.model;
      if (error instanceof RefusedError && error.status === 400 && past !== undefined)
        this.model.past = { ...past, complaint: error.message };
      else this.failed(error);
    }
    this.draw();
  }

  async #find(): Promise<void> {
    const { search, roomId, past } = this.model;
    const atTs = past?.atTs;
    const question = { search: search.trim(), room: roomId, at: atTs, limit: MOST_PEOPLE };
    if (question.search === '' && roomId === undefined) return;
    try {
      const told = await this.server.ask<OverviewTold>('overview', question);
      this.model.found = { search, roomId, atTs, roster: Roster.of(told) };
    } catch (error) {
      this.failed(error);
    }
    this.draw();
  }

  #askTimeline(): void {
    const { selected } = this.model;
    if (selected === undefined || !isAdministrator(this.model)) return;
    this.server.ask<TimelineTold>('timeline', { user: selected, limit: 200 }).then(
      (timeline) => {
        if (this.model.selected === selected) this.model.timeline = timeline;
        this.changed();
      },
      (error: unknown) => {
        this.failed(error);
      },
    );
  }
}

const NOBODY = { online: 0, unavailable: 0, busy: 0, offline: 0 };
