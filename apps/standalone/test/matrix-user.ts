// A Matrix user as the cases of http.md need one: polls with its own token, awaits events, and says exactly how many there
// were. Invariant: real HTTP; every status answer and every event is checked against the specification's schemas as it
// passes; "none" and "exactly" can fail.
import { presenceEventFaults, presenceStatusFaults, syncPresenceFaults } from '#libs/testing';

export interface PresenceEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Query = Readonly<Record<string, string>>;

const PATIENCE_MS = 20_000;
const SHORT_POLL = '1000';
/** Long enough for a repetition that is on its way to arrive. */
const QUIET_MS = '400';

export class MatrixUser {
  since = '';

  constructor(
    readonly url: string,
    readonly userId: string,
    readonly token = `dev|${userId}|D`,
  ) {}

  /** The same user on another device, or with a token of its own. */
  device(deviceId: string): MatrixUser {
    return new MatrixUser(this.url, this.userId, `dev|${this.userId}|${deviceId}`);
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  put(presence: string, statusMsg?: string): Promise<Answer> {
    return this.ask('PUT', this.statusPath(this.userId), { presence, status_msg: statusMsg });
  }

  async get(userId = this.userId): Promise<Answer> {
    const answer = await this.ask('GET', this.statusPath(userId));
    if (answer.status === 200) expect(presenceStatusFaults(answer.body)).toEqual([]);
    return answer;
  }

  statusPath(userId: string): string {
    return `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;
  }

  /** A poll without `since`: the token of its answer is kept. */
  async first(query: Query = {}): Promise<PresenceEvent[]> {
    this.since = '';
    return this.sync(query);
  }

  /** The next poll of the loop; at once unless a timeout is given. */
  async sync(query: Query = {}): Promise<PresenceEvent[]> {
    const words = new URLSearchParams({ timeout: '0', ...(this.since === '' ? {} : { since: this.since }), ...query });
    const { status, body } = await this.ask('GET', `/_matrix/client/v3/sync?${words.toString()}`);
    if (status !== 200) throw new Error(`sync answered ${String(status)}: ${JSON.stringify(body)}`);
    const { next_batch: since, presence } = body as { next_batch: string; presence: { events: PresenceEvent[] } };
    expect(syncPresenceFaults(presence)).toEqual([]);
    for (const event of presence.events) expect(presenceEventFaults(event)).toEqual([]);
    if (presence.events.length > 0) expect(since).not.toBe(this.since);
    this.since = since;
    return presence.events;
  }

  /** A poll that only watches. */
  watch(query: Query = {}): Promise<PresenceEvent[]> {
    return this.sync({ set_presence: 'offline', ...query });
  }

  /** Polls on until the events so far satisfy; gives all of them, those of the last poll included. */
  async until(
    what: string,
    satisfied: (events: readonly PresenceEvent[]) => boolean,
    query: Query = {},
  ): Promise<PresenceEvent[]> {
    const seen: PresenceEvent[] = [];
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      seen.push(...(await this.watch({ timeout: SHORT_POLL, ...query })));
      if (satisfied(seen)) return seen;
    }
    throw new Error(`${this.userId} waited in vain for ${what}; it saw ${JSON.stringify(seen)}`);
  }

  /** Polls on until an event of a sender satisfies, and gives it. */
  async event(
    sender: MatrixUser,
    content: Readonly<Record<string, unknown>> = {},
    query: Query = {},
  ): Promise<PresenceEvent> {
    const fits = (event: PresenceEvent): boolean =>
      event.sender === sender.userId && Object.entries(content).every(([key, value]) => event.content[key] === value);
    const seen = await this.until(
      `${JSON.stringify(content)} of ${sender.userId}`,
      (events) => events.some(fits),
      query,
    );
    return seen.findLast(fits) as PresenceEvent;
  }

  /** Whatever comes within a moment in which nothing should. */
  async quiet(query: Query = {}): Promise<PresenceEvent[]> {
    return this.watch({ timeout: QUIET_MS, ...query });
  }
}

/** The administrator: memberships, policies and inputs in NDJSON. */
export class Administrator {
  constructor(private readonly url: string) {}

  async post(topic: string, lines: readonly object[]): Promise<void> {
    const response = await fetch(`${this.url}/_rollcall/v1/${topic}`, {
      method: 'POST',
      headers: { authorization: 'Bearer dev|admin' },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    const answer: unknown = await response.json();
    expect({ status: response.status, answer }).toEqual({
      status: 200,
      answer: { accepted: lines.length, rejected: [] },
    });
  }

  member(roomId: string, membership: string, ...users: readonly MatrixUser[]): Promise<void> {
    return this.post(
      'memberships',
      users.map(({ userId }) => ({ room_id: roomId, user_id: userId, membership })),
    );
  }

  join(roomId: string, ...users: readonly MatrixUser[]): Promise<void> {
    return this.member(roomId, 'join', ...users);
  }

  policy(roomId: string, presence: 'share' | 'withhold'): Promise<void> {
    return this.post('rooms', [{ room_id: roomId, presence }]);
  }

  /** "sends a message" */
  active({ userId }: MatrixUser): Promise<void> {
    return this.post('activity', [{ type: 'device.active', v: 1, user_id: userId, device_id: 'D' }]);
  }
}

export function sendersOf(events: readonly PresenceEvent[]): string[] {
  return [...new Set(events.map(({ sender }) => sender))].sort();
}

export function except(events: readonly PresenceEvent[], user: MatrixUser): PresenceEvent[] {
  return events.filter(({ sender }) => sender !== user.userId);
}
