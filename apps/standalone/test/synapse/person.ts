// A person with a device at a real homeserver, through the gateway: rooms, messages, and a sync loop that keeps everything it was
// told. Invariant: the loop goes on with the token that it was given last, as clients do, and a request that fails is made again
// with the same one; nothing that came is thrown away, so whatever is lost or told twice shows.
import { passwordOf, type Registered } from '#libs/testing';
import { until } from '../program.js';

export interface PresenceEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface TimelineEvent {
  readonly event_id: string;
  readonly type: string;
  readonly state_key?: string;
  readonly content: { readonly body?: string; readonly membership?: string };
}

export interface RoomPart {
  readonly timeline?: { readonly events: readonly TimelineEvent[] };
  readonly ephemeral?: { readonly events: readonly { type: string; content: Readonly<Record<string, unknown>> }[] };
}

export interface SyncBody {
  readonly next_batch: string;
  readonly presence?: { readonly events: readonly PresenceEvent[] };
  readonly rooms?: {
    readonly join?: Readonly<Record<string, RoomPart>>;
    readonly invite?: Readonly<Record<string, object>>;
    readonly leave?: Readonly<Record<string, RoomPart>>;
  };
  readonly device_one_time_keys_count?: Readonly<Record<string, number>>;
  readonly device_unused_fallback_key_types?: readonly string[];
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
}

const RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;
/** Of all: two who hold the same token share its transaction ids. */
let transactions = 0;

export class Person {
  readonly presence: PresenceEvent[] = [];
  /** Ids of timeline events, in order. */
  readonly eventIds: string[] = [];
  readonly bodies: string[] = [];
  readonly ephemeral: string[] = [];
  /** Every answer of the loop. */
  readonly answers: SyncBody[] = [];
  readonly statuses = new Set<number>();
  /** Every answer that was no 200, once: its status and its body. */
  readonly refusals = new Set<string>();
  failed = 0;
  since: string | undefined;
  #stop: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(
    /** Asked at every request. */
    readonly url: () => string,
    readonly who: Registered,
  ) {}

  static async login(url: () => string, name: string, deviceId: string): Promise<Person> {
    const body = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: name },
      password: passwordOf(name),
      device_id: deviceId,
    };
    const answer = await fetch(`${url()}/_matrix/client/v3/login`, { method: 'POST', body: JSON.stringify(body) });
    const told = (await answer.json()) as { user_id: string; access_token: string; device_id: string };
    if (answer.status !== 200) throw new Error(`${name} cannot log in: ${JSON.stringify(told)}`);
    return new Person(url, { userId: told.user_id, token: told.access_token, deviceId: told.device_id });
  }

  get userId(): string {
    return this.who.userId;
  }

  async ask<Body = Record<string, unknown>>(method: string, path: string, body?: object): Promise<Answer<Body>> {
    const response = await fetch(`${this.url()}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.who.token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(this.#stop === undefined ? {} : { signal: this.#stop.signal }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  /** What must succeed. */
  async must<Body = Record<string, unknown>>(method: string, path: string, body?: object): Promise<Body> {
    const answer = await this.ask<Body>(method, path, body);
    if (answer.status !== 200)
      throw new Error(`${method} ${path} answered ${String(answer.status)}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async createRoom(more: object = {}): Promise<string> {
    const { room_id: roomId } = await this.must<{ room_id: string }>('POST', '/_matrix/client/v3/createRoom', more);
    return roomId;
  }

  async invite(roomId: string, ...others: readonly Person[]): Promise<void> {
    for (const { userId } of others) await this.must('POST', `${roomPath(roomId)}/invite`, { user_id: userId });
  }

  async join(roomId: string): Promise<void> {
    await this.must('POST', `${roomPath(roomId)}/join`, {});
  }

  async leave(roomId: string): Promise<void> {
    await this.must('POST', `${roomPath(roomId)}/leave`, {});
  }

  /** A message; its event id. */
  async say(roomId: string, body: string): Promise<string> {
    return this.send(roomId, 'm.room.message', { msgtype: 'm.text', body });
  }

  async send(roomId: string, type: string, content: object): Promise<string> {
    transactions += 1;
    const path = `${roomPath(roomId)}/send/${type}/t${String(transactions)}`;
    return (await this.must<{ event_id: string }>('PUT', path, content)).event_id;
  }

  async type(roomId: string): Promise<void> {
    const path = `${roomPath(roomId)}/typing/${encodeURIComponent(this.userId)}`;
    await this.must('PUT', path, { typing: true, timeout: 5_000 });
  }

  async put(presence: string, statusMsg?: string): Promise<void> {
    await this.must('PUT', presencePath(this.userId), { presence, status_msg: statusMsg });
  }

  presenceOf({ userId }: { readonly userId: string }): Promise<Record<string, unknown>> {
    return this.must('GET', presencePath(userId));
  }

  /** Until somebody is shown like that. */
  async sees(other: Person, content: Readonly<Record<string, unknown>>): Promise<void> {
    await until(`${other.userId} to be shown ${JSON.stringify(content)}`, async () => {
      const shown = await this.presenceOf(other);
      return Object.entries(content).every(([key, value]) => shown[key] === value) ? true : undefined;
    });
  }

  /** One poll. */
  async sync(query: Readonly<Record<string, string>> = {}): Promise<SyncBody> {
    const words = { timeout: '0', ...(this.since === undefined ? {} : { since: this.since }), ...query };
    const path = `/_matrix/client/v3/sync?${new URLSearchParams(words).toString()}`;
    const { status, body } = await this.ask<SyncBody>('GET', path);
    this.statuses.add(status);
    if (status !== 200) this.refusals.add(`${String(status)} ${JSON.stringify(body)}`);
    if (status !== 200) throw new Error(`sync answered ${String(status)}: ${JSON.stringify(body)}`);
    this.#take(body);
    return body;
  }

  /** Polls on, as clients do. */
  startLoop(timeoutMs: number, query: Readonly<Record<string, string>> = {}): void {
    const stop = new AbortController();
    this.#stop = stop;
    const run = async (): Promise<void> => {
      let pauseMs = RETRY_MS;
      while (!stop.signal.aborted) {
        try {
          await this.sync({ timeout: String(timeoutMs), ...query });
          pauseMs = RETRY_MS;
        } catch {
          this.failed += 1;
          await new Promise((wake) => setTimeout(wake, pauseMs));
          pauseMs = Math.min(2 * pauseMs, LONGEST_RETRY_MS);
        }
      }
    };
    this.#loop = run();
  }

  async stopLoop(): Promise<void> {
    this.#stop?.abort();
    await this.#loop;
    this.#stop = undefined;
  }

  /** Until the loop has brought a message. */
  async reads(text: string): Promise<void> {
    await until(`${this.userId} to read "${text}"`, () => (this.bodies.includes(text) ? true : undefined));
  }

  /** Until the loop has brought such a presence event. */
  async isTold(other: Person, content: Readonly<Record<string, unknown>>): Promise<void> {
    await until(`${this.userId} to be told of ${other.userId}: ${JSON.stringify(content)}`, () =>
      this.presence.some(
        ({ sender, content: told }) =>
          sender === other.userId && Object.entries(content).every(([key, value]) => told[key] === value),
      )
        ? true
        : undefined,
    );
  }

  #take(body: SyncBody): void {
    this.since = body.next_batch;
    this.answers.push(body);
    this.presence.push(...(body.presence?.events ?? []));
    for (const { timeline, ephemeral } of Object.values(body.rooms?.join ?? {})) {
      for (const { event_id: id, content } of timeline?.events ?? []) {
        this.eventIds.push(id);
        if (content.body !== undefined) this.bodies.push(content.body);
      }
      for (const { type, content } of ephemeral?.events ?? [])
        this.ephemeral.push(`${type} ${JSON.stringify(content)}`);
    }
  }
}

export function roomPath(roomId: string): string {
  return `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
}

function presencePath(userId: string): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;
}
