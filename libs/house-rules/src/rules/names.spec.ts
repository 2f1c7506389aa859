// Planted names of files, rooms and classes.
import { checkNames } from './names.js';
import { foundIn } from './planted.js';

const banned = [
  'common',
  'shared',
  'utils',
  'helpers',
  'base',
  'generic',
  'core',
  'impl',
  'manager',
  'misc',
  'data',
  'info',
];

describe('names', () => {
  it.each(banned)('do not hide behind %s', (word) => {
    const capital = `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`;
    expect(foundIn(checkNames, `libs/${word}/src/x.ts`, '')).toEqual(['banned-word']);
    expect(foundIn(checkNames, `libs/views/src/user-${word}.ts`, '')).toEqual(['banned-word']);
    expect(foundIn(checkNames, 'libs/views/src/x.ts', `class User${capital} {}`)).toEqual(['banned-word']);
    expect(foundIn(checkNames, 'libs/views/src/x.ts', `export interface ${capital}Of { readonly a: 1 }`)).toEqual([
      'banned-word',
    ]);
  });

  it('may contain those letters in other words', () => {
    expect(foundIn(checkNames, 'libs/views/src/database-score.ts', 'class Database {} class Informed {}')).toEqual([]);
  });

  it('are kebab-case', () => {
    expect(foundIn(checkNames, 'libs/views/src/userView.ts', '')).toEqual(['kebab-case']);
    expect(foundIn(checkNames, 'libs/views/src/user_view.ts', '')).toEqual(['kebab-case']);
    expect(foundIn(checkNames, 'apps/gateway/deploy/Dockerfile', '')).toEqual([]);
  });

  it('end in a kind of file that exists', () => {
    expect(foundIn(checkNames, 'libs/views/src/user.service.ts', '')).toEqual(['suffix']);
    expect(foundIn(checkNames, 'apps/gateway/src/gateway.module.ts', '')).toEqual([]);
  });
});
