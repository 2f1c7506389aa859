// Which rooms share presence.
import { RoomPolicies } from './room-policy.js';

describe('a room', () => {
  it.each([
    ['public', 'share', 'share'],
    ['public', 'withhold', 'withhold'],
    ['invite', 'withhold', 'share'],
    ['restricted', 'withhold', 'share'],
  ] as const)('with the rule %s and PUBLIC_ROOMS=%s: %s', (joinRule, publicRooms, policy) => {
    expect(new RoomPolicies({ publicRooms, withheld: [], shared: [] }).policyOf('!r:hs', joinRule)).toBe(policy);
  });

  it('that is named is treated as it is named; withholding outranks sharing', () => {
    const policies = new RoomPolicies({ publicRooms: 'withhold', withheld: ['!secret?:*'], shared: ['*:hs'] });
    expect(policies.policyOf('!town:hs', 'public')).toBe('share');
    expect(policies.policyOf('!town:other', 'public')).toBe('withhold');
    expect(policies.policyOf('!secret1:hs', 'invite')).toBe('withhold');
    expect(policies.policyOf('!secret12:hs', 'invite')).toBe('share');
    expect(policies.policyOf('!a+b:hs', 'public')).toBe('share');
  });
});
