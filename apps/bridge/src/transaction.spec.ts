// What a transaction says, event by event (application service API, "Pushing events").

import { actorTest } from './actors.js';
import { ghostPatternsIn } from './registration.js';
import { readTransaction } from './transaction.js';

const registration = { id: 'r', url: 'u', asToken: 'a', hsToken: 'h', senderLocalpart: 'rollcall', serverName: 'hs' };
const telegram = `id: telegram
sender_localpart: telegrambot
namespaces:
  users:
    - exclusive: true
      regex: '@telegram_.*:hs'
    - exclusive: false
      regex: '@.*:hs'
`;
const isActor = actorTest(registration, ghostPatternsIn(telegram, registration.serverName));
const read = (body: Record<string, unknown>): ReturnType<typeof readTransaction> => readTransaction(body, isActor);
const facts = (...events: object[]): unknown => read({ events }).facts;

const message = { type: 'm.room.message', room_id: '!r:hs', sender: '@a:hs', origin_server_ts: 5, content: {} };

describe('a transaction', () => {
  it.each(['join', 'leave', 'invite', 'knock', 'ban'])(
    'tells a membership: %s, of local and remote users',
    (membership) => {
      const event = { type: 'm.room.member', room_id: '!r:hs', sender: '@a:hs', content: { membership } };
      expect(facts({ ...event, state_key: '@b:other' })).toEqual([
        { kind: 'membership', roomId: '!r:hs', userId: '@b:other', membership },
      ]);
    },
  );

  it('tells when memberships and rules were sent, where the event says it', () => {
    const event = { type: 'm.room.member', room_id: '!r:hs', state_key: '@b:hs', content: { membership: 'leave' } };
    const rule = { type: 'm.room.join_rules', state_key: '', room_id: '!r:hs', content: { join_rule: 'public' } };
    const leave = { kind: 'membership', roomId: '!r:hs', userId: '@b:hs', membership: 'leave' };
    expect(
      facts({ ...event, origin_server_ts: 5 }, { ...rule, origin_server_ts: 6 }, { ...event, origin_server_ts: 'now' }),
    ).toEqual([{ ...leave, atMs: 5 }, { kind: 'join-rule', roomId: '!r:hs', joinRule: 'public', atMs: 6 }, leave]);
  });

  it('tells join rules, and a redacted one as not public', () => {
    const event = { type: 'm.room.join_rules', state_key: '', room_id: '!r:hs', sender: '@a:hs' };
    expect(facts({ ...event, content: { join_rule: 'public' } }, { ...event, content: {} })).toEqual([
      { kind: 'join-rule', roomId: '!r:hs', joinRule: 'public' },
      { kind: 'join-rule', roomId: '!r:hs', joinRule: 'invite' },
    ]);
  });

  it.each(['m.room.message', 'm.room.encrypted', 'm.reaction', 'm.sticker', 'm.call.invite', 'm.rtc.notification'])(
    'tells of %s by a local user as activity at its time',
    (type) => {
      expect(facts({ ...message, type })).toEqual([{ kind: 'activity', userId: '@a:hs', atMs: 5 }]);
    },
  );

  it.each([
    ['a remote user', { ...message, sender: '@a:other' }],
    ['a ghost of another application service', { ...message, sender: '@telegram_1:hs' }],
    ['the bot of another application service', { ...message, sender: '@telegrambot:hs' }],
    ['our own bot', { ...message, sender: '@rollcall:hs' }],
    ['a double puppet', { ...message, content: { 'fi.mau.double_puppet_source': 'mautrix-telegram' } }],
    ['a state event', { ...message, type: 'm.room.message', state_key: '' }],
    ['a topic', { ...message, type: 'm.room.topic' }],
  ])('tells nothing of what comes from %s', (_name, event) => {
    expect(read({ events: [event] })).toEqual({ facts: [], broken: 0 });
  });

  it('tells who types and who has read, once when both names of the list are there', () => {
    const ephemeral = [
      { type: 'm.typing', room_id: '!r:hs', content: { user_ids: ['@a:hs', '@b:other', '@telegram_1:hs'] } },
      {
        type: 'm.receipt',
        room_id: '!r:hs',
        content: {
          $1: {
            'm.read': { '@a:hs': { ts: 7 }, '@b:other': { ts: 8 } },
            'm.read.private': { '@c:hs': { ts: 9, thread_id: 'main' } },
            'm.fully_read': { '@d:hs': { ts: 9 } },
          },
        },
      },
      { type: 'm.presence', sender: '@a:hs', content: { presence: 'online' } },
    ];
    expect(read({ events: [], ephemeral, 'de.sorunome.msc2409.ephemeral': ephemeral })).toEqual({
      facts: [
        { kind: 'typing', roomId: '!r:hs', userIds: ['@a:hs'] },
        { kind: 'activity', userId: '@a:hs', atMs: 7 },
        { kind: 'activity', userId: '@c:hs', atMs: 9 },
      ],
      broken: 0,
    });
  });

  it('passes by what it cannot read, and goes on', () => {
    const member = { type: 'm.room.member', room_id: '!r:hs', state_key: '@a:hs', content: { membership: 'join' } };
    const events = [
      null,
      7,
      {},
      { ...member, room_id: 'r' },
      { ...member, state_key: 'a' },
      { ...member, content: { membership: 'king' } },
      { ...message, sender: 3 },
      member,
    ];
    expect(read({ events, ephemeral: [null, { type: 'm.typing', room_id: '!r:hs', content: {} }] })).toEqual({
      facts: [{ kind: 'membership', roomId: '!r:hs', userId: '@a:hs', membership: 'join' }],
      broken: 9,
    });
    expect(read({ events: 'none', ephemeral: 'none' })).toEqual({ facts: [], broken: 0 });
  });
});
