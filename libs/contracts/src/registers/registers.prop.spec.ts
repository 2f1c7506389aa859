// Registers survive their stored form, whatever the user's history.
import * as fc from 'fast-check';
import { Aggregate, restore, snapshot } from '#libs/presence';
import { RUNS, demandSame, fold, timelines } from '#libs/testing';
import { decodeRegisters, encodeRegisters } from './index.js';

const USER = '@alice:example.org';

describe('stored registers', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const taken = snapshot(fold(timeline).aggregate);
        const decoded = decodeRegisters(encodeRegisters(USER, taken));
        expect(decoded.userId).toBe(USER);
        demandSame(decoded.snapshot, taken);
        demandSame(snapshot(restore(decoded.snapshot)), taken);
        for (const told of [{ atMs: 7, activeAtMs: 5, state: { activeAtMs: 3 } }, { state: {} }, { activeAtMs: 5 }])
          expect(decodeRegisters(encodeRegisters(USER, taken, told)).told).toEqual(told);
        expect(decoded.told).toEqual({});
      }),
      RUNS,
    );
  });

  it('are refused when they are something else', () => {
    expect(() => decodeRegisters('{"type":"presence.state","v":1}')).toThrow(/registers/);
    const text = encodeRegisters(USER, snapshot(new Aggregate()));
    expect(() => decodeRegisters(text.replace('"version":0', '"version":"0"'))).toThrow(/version/);
  });

  it('decode as they were written by the first version, for ever', () => {
    const golden =
      '{"type":"presence.registers","v":1,"user_id":"@a:hs","life":1,"version":3,"presence":"online","currently_active":true,' +
      '"status_msg":"hi","evaluated_ts":1795356699354,"forgotten_ts":1795356600000,"activity":{"offset":120,"first_ts":1795356690000,' +
      '"reached_ts":1795356699354,"last_active_ts":1795356699354,"devices":[{"device_id":"D","live_since_ts":1795356690000,' +
      '"active_ts":1795356699354,"sessions":[{"session_id":"g1","claim":"auto","claim_ts":1795356690000,"connected_ts":1795356690000,' +
      '"live_until_ts":1795356990000,"open":true}]}]},"commands":{"offset":12,"first_ts":1795356695000,"last_active_ts":1795356695000,' +
      '"status_msg":"hi","puts":[{"device_id":"D","presence":"online","at_ts":1795356695000,"active_ts":1795356695000}]}}';
    const { userId, snapshot: stored } = decodeRegisters(golden);
    expect(userId).toBe('@a:hs');
    expect(encodeRegisters(userId, stored)).toBe(golden);
    expect(restore(stored).activity.devices[0]?.sessions[0]?.liveUntilMs).toBe(1_795_356_990_000);
  });
});
