// `rollcall config`, and the README's table, which is its output: one source of truth.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLE_NAMES } from '#libs/runtime';
import { repositoryRoot } from '#libs/testing';
import { Bench } from './bench.js';

const BEGIN = '<!-- npm run -s rollcall -- config --markdown -->\n';
const END = '<!-- end of config -->';

/** Without the padding that formatting adds to tables. */
const bare = (table: string): string =>
  table
    .replace(/ *\| */g, '|')
    .replace(/-{3,}/g, '---')
    .trim();

/** What stands between the marks of the README. */
function tableIn(readme: string): string {
  const [, rest] = readme.split(BEGIN);
  if (rest?.includes(END) !== true) throw new Error(`the README has no table between ${BEGIN.trim()} and ${END}`);
  return bare(rest.slice(0, rest.indexOf(END)));
}

describe('rollcall config', () => {
  it('prints every variable with its default, meaning and what it may hold', async () => {
    const { stdout, exitCode } = await new Bench().run(['config']);
    expect(exitCode).toBe(0);
    for (const name of VARIABLE_NAMES) expect(stdout).toMatch(new RegExp(`^  ${name}( |$)`, 'm'));
    expect(stdout).toContain('IDLE_AFTER_MS  (default: 300000)');
    expect(stdout).toContain('more than ACTIVE_FOR_MS.');
  });

  it('prints them for programs', async () => {
    const { stdout } = await new Bench().run(['config', '--json']);
    const { variables } = JSON.parse(stdout) as { variables: { name: string; default: string | null }[] };
    expect(variables.map(({ name }) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
    expect(variables.find(({ name }) => name === 'HTTP_PORT')).toMatchObject({ default: '8090', group: 'HTTP' });
    const counts = variables.find(({ name }) => name === 'PARTITIONS');
    expect(counts).toMatchObject({ default: null, when_absent: '`8`; `2` in the embedded log' });
  });

  it('works whatever the environment says', async () => {
    const bench = new Bench();
    bench.environment['PARTITIONS'] = 'many';
    expect((await bench.run(['config', '--markdown'])).exitCode).toBe(0);
  });

  it('prints the table of the README; if this fails, paste the output of rollcall config --markdown there', async () => {
    const readme = readFileSync(join(repositoryRoot(), 'README.md'), 'utf8');
    const { stdout } = await new Bench().run(['config', '--markdown']);
    expect(tableIn(readme)).toBe(bare(stdout));
    const wrong = bare(stdout).replace('|`8090`|', '|`8091`|');
    expect(wrong).not.toBe(bare(stdout));
    expect(tableIn(readme)).not.toBe(wrong);
  });
});
