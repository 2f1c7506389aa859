// The behaviour of every event log, as one suite over a factory: memory, LMDB and Kafka all run it. Invariant: it only
// uses the port, polls instead of assuming that anything is immediate, and gives every test topics of its own, so that
// one log (or broker) serves the whole suite.
import { describeAppending } from './contract/appending.contract.js';
import { describeGroups } from './contract/groups.contract.js';
import { describeReading } from './contract/reading.contract.js';
import type { ContractCapabilities, LogUnderTest, Setting } from './contract/setting.js';
import { describeTails } from './contract/tails.contract.js';
import { describeTopics } from './contract/topics.contract.js';
import { describeTransactions } from './contract/transactions.contract.js';

export type { ContractCapabilities, LogUnderTest };

/** Declares the contract suite for one adapter; call it at the top of a spec file. `open` is called once. */
export const describeEventLog = (
  name: string,
  open: () => Promise<LogUnderTest>,
  capabilities: ContractCapabilities,
): void => {
  describe(`the event log contract: ${name}`, () => {
    let under: LogUnderTest | undefined;
    const opened = (): LogUnderTest => {
      if (under === undefined) throw new Error('The log under test was not opened');
      return under;
    };
    const setting: Setting = { under: opened, log: () => opened().log, capabilities };
    jest.setTimeout(capabilities.testTimeoutMs ?? 30_000);
    beforeAll(async () => {
      under = await open();
    }, 120_000);
    afterAll(async () => {
      await under?.close();
    }, 60_000);
    describeTopics(setting);
    describeAppending(setting);
    describeReading(setting);
    describeTransactions(setting);
    describeTails(setting);
    describeGroups(setting);
  });
};
