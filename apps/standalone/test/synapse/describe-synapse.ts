// `describe` for suites that need a real Synapse. Invariant: such a suite never passes without one: it runs, or it is reported as
// skipped by name with the reason, or, where CI is true, it fails.
import { MATRIX_NIO, SYNAPSE, packageFault } from '#libs/testing';

const absent = (reason: string) => (): never => {
  throw new Error(reason);
};

export function describeSynapse(name: string, suite: () => void): void {
  const fault = packageFault(SYNAPSE) ?? packageFault(MATRIX_NIO);
  if (fault === undefined) describe(name, suite);
  else if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('needs Synapse', absent(`no Synapse to test with: ${fault}`));
    });
  } else {
    describe.skip(`${name} (no Synapse: ${fault})`, suite);
  }
}
