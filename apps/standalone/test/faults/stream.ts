// What presence a client is told, in the body of a /sync and on the stream of server-sent events. Invariant: a stream is read
// event by event, and whoever reads it knows after each the token from which it goes on; how it ended is said, not thrown.

/** One `m.presence` event, as far as a picture needs it. */
export interface PresenceSeen {
  readonly sender: string;
  readonly presence: string;
  readonly statusMsg: string | undefined;
}

interface PresenceEvent {
  readonly sender: string;
  readonly content: { readonly presence: string; readonly status_msg?: string };
}

interface SyncBody {
  readonly next_batch: string;
  readonly presence?: { readonly events?: readonly PresenceEvent[] };
}

export interface StreamOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly token: string;
  readonly since: string | undefined;
  readonly claim: 'online' | 'offline';
  /** Ends it from this side. */
  readonly signal: AbortSignal;
}

export function eventsOf(body: unknown): { readonly since: string; readonly events: readonly PresenceSeen[] } {
  const { next_batch: since, presence } = body as SyncBody;
  return { since, events: (presence?.events ?? []).map(seenIn) };
}

function seenIn({ sender, content }: PresenceEvent): PresenceSeen {
  return { sender, presence: content.presence, statusMsg: content.status_msg };
}

/** `id`: where to go on after this event; of a beginning that is told in many events only the last has one. */
export type OnEvent = (id: string | undefined, event: PresenceSeen) => void;

/** `ended`: in order, from either side; `lost`: not; a number: what it was refused with. */
export async function followStream(
  { url, token, since, claim, signal }: StreamOptions,
  onEvent: OnEvent,
): Promise<'ended' | 'lost' | number> {
  const resumes = since === undefined ? undefined : { 'last-event-id': since };
  const headers = { authorization: `Bearer ${token}`, ...resumes };
  try {
    const response = await fetch(`${url}/_rollcall/v1/stream?set_presence=${claim}`, { headers, signal });
    if (response.status !== 200 || response.body === null) return response.status;
    const text = new TextDecoder();
    let unread = '';
    for await (const chunk of response.body) {
      const blocks = (unread + text.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
      unread = blocks.pop() ?? '';
      for (const block of blocks) tell(block, onEvent);
    }
    return 'ended';
  } catch {
    return signal.aborted ? 'ended' : 'lost';
  }
}

function tell(block: string, onEvent: OnEvent): void {
  const id = /^id: ?(.*)$/m.exec(block)?.[1];
  const data = /^data: ?(.*)$/m.exec(block)?.[1];
  if (data !== undefined) onEvent(id, seenIn(JSON.parse(data) as PresenceEvent));
}
