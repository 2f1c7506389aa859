// A Matrix client and an administrator in as many words as the tests need. Invariant: real HTTP, nothing retried here.

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface PresenceEvent {
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface SyncAnswer {
  readonly nextBatch: string;
  readonly presence: readonly PresenceEvent[];
}

export class Client {
  constructor(
    private readonly url: string,
    private readonly token: string,
    readonly userId = '',
  ) {}

  static user(url: string, name: string, deviceId = 'D'): Client {
    const userId = `@${name}:localhost`;
    return new Client(url, `dev|${userId}|${deviceId}`, userId);
  }

  static admin(url: string): Client {
    return new Client(url, 'dev|admin');
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  put(presence: string, statusMsg?: string): Promise<Answer> {
    return this.ask('PUT', `/_matrix/client/v3/presence/${encodeURIComponent(this.userId)}/status`, {
      presence,
      status_msg: statusMsg,
    });
  }

  status(userId = this.userId): Promise<Answer> {
    return this.ask('GET', `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`);
  }

  async sync(query: Readonly<Record<string, string>> = {}): Promise<SyncAnswer> {
    const answer = await this.ask('GET', `/_matrix/client/v3/sync?${new URLSearchParams(query).toString()}`);
    if (answer.status !== 200)
      throw new Error(`sync answered ${String(answer.status)}: ${JSON.stringify(answer.body)}`);
    const { next_batch: nextBatch, presence } = answer.body as {
      next_batch: string;
      presence?: { events?: PresenceEvent[] };
    };
    return { nextBatch, presence: presence?.events ?? [] };
  }

  /** For the administrator: everybody joins one room. */
  async share(roomId: string, ...userIds: string[]): Promise<void> {
    const lines = userIds
      .map((userId) => JSON.stringify({ room_id: roomId, user_id: userId, membership: 'join' }))
      .join('\n');
    const answer = await this.ask('POST', '/_rollcall/v1/memberships', lines);
    if (answer.status !== 200)
      throw new Error(`memberships answered ${String(answer.status)}: ${JSON.stringify(answer.body)}`);
  }
}
