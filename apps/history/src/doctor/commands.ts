// `rollcall doctor` as it is typed.
import type { AddCommands } from '../command-setting.js';
import { count, examine, report } from './doctor.js';

export const addDoctorCommands: AddCommands = (setting) => {
  const command = setting.program
    .command('doctor')
    .description(
      'look at configuration, brokers, topics, rights, clocks, transactions and lag; say what is wrong and what to do',
    )
    .option('--json', 'the findings as JSON')
    .addHelpText(
      'after',
      '\nWrites one record to each topic inside a transaction that it takes back: nobody ever reads it. Exit code 1: something keeps a service from working.',
    )
    .action(async () => {
      const findings = await examine({
        surroundings: setting.surroundings,
        configuration: setting.configuration,
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      });
      const fails = count(findings, 'fail');
      const text = setting.isJson(command) ? `${JSON.stringify({ ok: fails === 0, findings })}\n` : report(findings);
      await setting.surroundings.stdout.write(text);
      setting.finish(fails === 0 ? 0 : 1);
    });
};
