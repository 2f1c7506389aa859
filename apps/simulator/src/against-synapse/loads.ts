// The loads of the comparison, the same on every side: PUTs, news to a room in which all wait, polls that find nothing, storms.
// Invariant: what a load costs is the CPU of the whole side between its first request and the last news read, warm-up outside.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registered } from '#libs/testing';
import { percentile } from '../benchmarks/measure.js';
import { Connection, requestText } from '../load/connection.js';
import type { Draw } from '../seeded.js';
import type { Client } from './client.js';
import type { Side } from './side.js';

const POLL_MS = 30_000;
const LOOK_MS = 10;
const LIMIT_MS = 120_000;

export interface PutOutcome {
  readonly puts: number;
  readonly cpuMsAPut: number;
  readonly p50Ms: number;
}

export interface PutLoad {
  readonly connections: number;
  readonly seconds: number;
}

/** A closed loop of PUTs; each changes the message. */
export async function loadPuts(side: Side, people: readonly Registered[], load: PutLoad): Promise<PutOutcome> {
  await putFor(side, people, { ...load, seconds: Math.max(3, load.seconds / 2) });
  const before = side.cpuSeconds();
  const latenciesMs = await putFor(side, people, load);
  const puts = latenciesMs.length;
  return { puts, cpuMsAPut: ((side.cpuSeconds() - before) / puts) * 1000, p50Ms: percentile(latenciesMs, 0.5) };
}

/** How long each took. */
async function putFor(side: Side, people: readonly Registered[], load: PutLoad): Promise<readonly number[]> {
  const { seconds, connections } = load;
  const latenciesMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  let turn = 0;
  const drive = async (): Promise<void> => {
    const connection = new Connection(side.port);
    for (let sentMs = performance.now(); sentMs < endMs; sentMs = performance.now()) {
      turn += 1;
      const { status, body } = await connection.ask(putText(people[turn % people.length]!, `turn ${turn}`));
      if (status !== 200) throw new Error(`${side.name}: PUT ${status} ${body}`);
      latenciesMs.push(performance.now() - sentMs);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, drive));
  return latenciesMs;
}

interface Sent {
  readonly atMs: number;
  unread: number;
  readonly onRead: () => void;
}

export interface DeliveryOutcome {
  readonly events: number;
  readonly cpuMsAnEvent: number;
  readonly p50Ms: number;
}

export interface Delivery {
  readonly way: 'poll' | 'stream';
  /** News a second; absent: the next one as soon as everybody has read the last. */
  readonly rate?: number | undefined;
  readonly seconds: number;
}

/** All members wait; one after the other says something. */
export async function loadNews(side: Side, members: readonly Client[], news: Delivery): Promise<DeliveryOutcome> {
  const { way, rate, seconds } = news;
  const latenciesMs: number[] = [];
  const sent = new Map<string, Sent>();
  for (const member of members) {
    member.wait({
      way,
      timeoutMs: POLL_MS,
      claim: 'offline',
      onEvent: ({ content }) => {
        const one = sent.get(content.status_msg ?? '');
        if (one === undefined) return;
        latenciesMs.push(performance.now() - one.atMs);
        one.unread -= 1;
        if (one.unread === 0) one.onRead();
      },
    });
  }
  const say = async (forSeconds: number, from: string): Promise<void> => {
    const endMs = performance.now() + forSeconds * 1000;
    for (let turn = 0; performance.now() < endMs; turn += 1) {
      const message = `${way} ${rate ?? 'one by one'} ${from} ${turn}`;
      const read = new Promise<void>((onRead) => {
        sent.set(message, { atMs: performance.now(), unread: members.length, onRead });
      });
      const answer = loadOne(side, members[turn % members.length]!.person, message);
      await Promise.all([
        answer,
        rate === undefined ? withinLimit(side, read, 'everybody to read the news') : sleep(1000 / rate),
      ]);
    }
    const everybodys = sent.size * members.length;
    await reached(side, `everybody to read the ${sent.size} news`, () => latenciesMs.length >= everybodys);
  };
  await say(3, 'warm-up');
  sent.clear();
  latenciesMs.length = 0;
  const eventsBefore = sumOf(members, ({ events }) => events);
  const before = side.cpuSeconds();
  await say(seconds, 'turn');
  const cpuMs = (side.cpuSeconds() - before) * 1000;
  const events = sumOf(members, ({ events: its }) => its) - eventsBefore;
  for (const member of members) member.end();
  return { events, cpuMsAnEvent: cpuMs / events, p50Ms: percentile(latenciesMs, 0.5) };
}

export interface SteadyOutcome {
  readonly polls: number;
  readonly cpuMsAPoll: number;
}

/** Everybody polls, online, and does nothing else. */
export async function loadPolls(
  side: Side,
  clients: readonly Client[],
  { seconds, timeoutMs }: { readonly seconds: number; readonly timeoutMs: number },
): Promise<SteadyOutcome> {
  for (const client of clients) client.wait({ way: 'poll', timeoutMs, claim: 'online' });
  await sleep(3_000 + timeoutMs);
  const pollsBefore = sumOf(clients, ({ polls }) => polls);
  const before = side.cpuSeconds();
  await sleep(seconds * 1000);
  const cpuMs = (side.cpuSeconds() - before) * 1000;
  const polls = sumOf(clients, ({ polls: its }) => its) - pollsBefore;
  for (const client of clients) client.end();
  return { polls, cpuMsAPoll: cpuMs / polls };
}

export interface StormOutcome {
  readonly news: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

export interface Storm {
  readonly users: readonly Client[];
  readonly watchers: readonly Client[];
  /** Over so many seconds they come; 0 = at once. */
  readonly spreadSeconds: number;
  readonly draw: Draw;
}

/** Users come online, by polling on, until every watcher has seen every one of them online. */
export async function loadStorm(side: Side, { users, watchers, spreadSeconds, draw }: Storm): Promise<StormOutcome> {
  const coming = new Set(users.map(({ person }) => person.userId));
  const seen = new Set<string>();
  for (const watcher of watchers) {
    watcher.wait({
      way: 'poll',
      timeoutMs: POLL_MS,
      claim: 'offline',
      onEvent: ({ sender, content }) => {
        if (content.presence === 'online' && coming.has(sender)) seen.add(`${watcher.person.userId} ${sender}`);
      },
    });
  }
  await sleep(1_000);
  const news = users.length * watchers.length;
  const startedMs = performance.now();
  const before = side.cpuSeconds();
  const arrivals = users.map(async (user) => {
    await sleep(draw() * spreadSeconds * 1000);
    user.wait({ way: 'poll', timeoutMs: POLL_MS, claim: 'online' });
  });
  await Promise.all(arrivals);
  await reached(side, `${news} news of a storm`, () => seen.size >= news);
  const outcome = {
    news,
    cpuSeconds: side.cpuSeconds() - before,
    seconds: (performance.now() - startedMs) / 1000,
  };
  for (const client of [...users, ...watchers]) client.end();
  return outcome;
}

async function loadOne(side: Side, person: Registered, message: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${side.port}${presencePath(person)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ presence: 'online', status_msg: message }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${side.name}: PUT ${answer.status} ${text}`);
}

function putText(person: Registered, message: string): string {
  const body = JSON.stringify({ presence: 'online', status_msg: message });
  return requestText('PUT', presencePath(person), person.token, body);
}

function presencePath({ userId }: Registered): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;
}

function sumOf(clients: readonly Client[], of: (client: Client) => number): number {
  return clients.reduce((sum, client) => sum + of(client), 0);
}

function withinLimit({ name }: Side, happens: Promise<void>, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => {
      reject(new Error(`${name}: waited ${LIMIT_MS} ms in vain for ${what}`));
    }, LIMIT_MS);
    happens.then(() => {
      clearTimeout(tooLong);
      resolve();
    }, reject);
  });
}

async function reached({ name }: Side, what: string, holds: () => boolean): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  while (!holds()) {
    if (performance.now() > limitMs) throw new Error(`${name}: waited ${LIMIT_MS} ms in vain for ${what}`);
    await sleep(LOOK_MS);
  }
}
