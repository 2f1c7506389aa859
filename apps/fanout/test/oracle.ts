// Judges what the fan-out wrote, knowing only the truth: a naive receiver that drops by version must end with the right view
// of everybody it shares with, must never have been told what it may not know, and recipient topics must hold exactly that.
import { decodeFrame, decodeFrameHeaders, decodeRecipientEvent, recipientTopic } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import { PREFIX, TOPICS, type Told, type Truth } from './truth.js';

export interface Output {
  readonly frames: readonly (LogRecord & { readonly partition: number })[];
  /** Recipient → records of its topic, in order. */
  readonly recipientTopics: ReadonlyMap<string, readonly LogRecord[]>;
}

interface Received {
  readonly life: number;
  readonly version: number;
  readonly gone: boolean;
}

export async function collect(log: EventLog, recipients: readonly string[]): Promise<Output> {
  const frames: (LogRecord & { partition: number })[] = [];
  for (const [partition] of (await log.ends(TOPICS.deliveries)).entries()) {
    for (const record of await recordsOf(log, TOPICS.deliveries, partition)) frames.push({ ...record, partition });
  }
  const recipientTopics = new Map<string, LogRecord[]>();
  for (const userId of recipients) {
    const name = recipientTopic(PREFIX, userId);
    if ((await log.describeTopic(name)) !== undefined) recipientTopics.set(userId, await recordsOf(log, name, 0));
  }
  return { frames, recipientTopics };
}

export async function recordsOf(log: EventLog, topic: string, partition: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const end = (await log.ends(topic))[partition] ?? 0;
  for await (const batch of log.read(topic, partition, 0, end)) records.push(...batch.records);
  return records;
}

/** Every complaint, as a sentence; none = all is well. */
export function complaints(
  truth: Truth,
  output: Output,
  log: Pick<EventLog, 'partitionOf'>,
  deliveryPartitions: number,
): string[] {
  const found: string[] = [];
  const received = new Map<string, Received>();
  for (const frame of output.frames) found.push(...judgeFrame(frame));
  for (const pair of truth.interest()) judgePair(pair);
  for (const [recipient, records] of output.recipientTopics) found.push(...judgeTopic(truth, recipient, records));
  return found;

  function judgeFrame(frame: LogRecord & { readonly partition: number }): string[] {
    const decoded = decodeFrame(Buffer.from(frame.value as Uint8Array).toString());
    const headers = decodeFrameHeaders(frame.headers);
    if (!decoded.ok) return [decoded.reason];
    if (!headers.ok) return [headers.reason];
    const wrong: string[] = [];
    const allowed = truth.interest(headers.record);
    for (const entry of decoded.record.entries) {
      const told = truth.told
        .get(entry.userId)
        ?.find(({ life, version }) => life === entry.life && version === entry.version);
      const name = `${entry.userId} (${entry.life}, ${entry.version}) at ${frame.partition}/${frame.offset}`;
      if (told === undefined) wrong.push(`${name} never was`);
      else wrong.push(...judgeEntry(name, told, entry.kind === 'shown' ? entry.view : undefined, headers.record.rooms));
      for (const recipient of entry.to) {
        if (log.partitionOf(recipient, deliveryPartitions) !== frame.partition)
          wrong.push(`${name} told ${recipient} in the wrong partition`);
        if (recipient !== entry.userId && !allowed.has(`${recipient} ${entry.userId}`))
          wrong.push(`${name} told ${recipient}, who shares nothing`);
        receive(`${recipient} ${entry.userId}`, {
          life: entry.life,
          version: entry.version,
          gone: entry.kind === 'gone',
        });
      }
    }
    return wrong;
  }

  function receive(pair: string, news: Received): void {
    const known = received.get(pair);
    if (known === undefined || (news.life - known.life || news.version - known.version) > 0) received.set(pair, news);
  }

  function judgePair(pair: string): void {
    const sender = pair.split(' ')[1] as string;
    const last = truth.latest(sender);
    const got = received.get(pair);
    if (last === undefined || (got === undefined && isPlainOffline(last))) return;
    if (got?.life !== last.life || got.version !== last.version)
      found.push(`${pair}: ends with ${JSON.stringify(got)}, not (${last.life}, ${last.version})`);
  }
}

function judgeEntry(name: string, told: Told, view: Told['view'], rooms: ReadonlyMap<number, number>): string[] {
  const wrong: string[] = [];
  if (JSON.stringify(sorted(view)) !== JSON.stringify(sorted(told.view)))
    wrong.push(`${name} is told as ${JSON.stringify(view)}, and was ${JSON.stringify(told.view)}`);
  told.roomsEnds.forEach((end, partition) => {
    if ((rooms.get(partition) ?? 0) < end)
      wrong.push(`${name} was told without room policies that were durable before it`);
  });
  return wrong;
}

function sorted(view: Told['view']): [string, unknown][] {
  return Object.entries(view ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
}

function judgeTopic(truth: Truth, recipient: string, records: readonly LogRecord[]): string[] {
  const holds = new Map<string, string>();
  for (const { key, value, headers } of records) {
    const texts = {
      key: Buffer.from(key as Uint8Array).toString(),
      value: value === null ? null : Buffer.from(value).toString(),
      headers,
    };
    const decoded = decodeRecipientEvent(texts);
    if (texts.value === null) holds.delete(texts.key);
    else if (!decoded.ok || decoded.record.content === undefined) holds.set(texts.key, 'something else');
    else holds.set(texts.key, `(${decoded.record.life}, ${decoded.record.version}) ${decoded.record.content.presence}`);
  }
  const expected = new Map<string, string>();
  const interest = truth.interest();
  for (const sender of truth.told.keys()) {
    const last = truth.latest(sender);
    if (last?.view === undefined || (sender !== recipient && !interest.has(`${recipient} ${sender}`))) continue;
    expected.set(sender, `(${last.life}, ${last.version}) ${last.view.presence}`);
  }
  const senders = new Set([...holds.keys(), ...expected.keys()]);
  return [...senders]
    .filter((sender) => holds.get(sender) !== expected.get(sender))
    .map((sender) => `the topic of ${recipient} holds of ${sender} ${holds.get(sender)}, not ${expected.get(sender)}`);
}

function isPlainOffline({ view }: Told): boolean {
  return view === undefined || (view.presence === 'offline' && view.statusMsg === undefined);
}
