// A rule without a planted violation is none: every file of rules has its spec, and every rule is run.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rules } from './index.js';

const folder = fileURLToPath(new URL('./', import.meta.url));
const tables = ['index.ts', 'whitelist.ts', 'planted.ts'];

describe('the list of rules', () => {
  it('has a spec with planted violations for every file of rules', () => {
    const names = readdirSync(folder);
    const ruleFiles = names.filter((name) => !name.endsWith('.spec.ts') && !tables.includes(name));
    expect(ruleFiles.length).toBeGreaterThan(8);
    expect(ruleFiles.filter((name) => !names.includes(name.replace('.ts', '.spec.ts')))).toEqual([]);
  });

  it('runs each of them', () => {
    expect(Object.keys(rules)).toHaveLength(12);
  });
});
