// All rules about texts, in the order in which they are reported. Whoever runs the rules takes them from here, so that a rule
// cannot be written and then not run.
import type { Finding, Tree } from '../tree.js';
import { checkComments } from './comments.js';
import { checkCommittedText } from './committed-text.js';
import { checkCycles, checkDeadFiles } from './cycles.js';
import { checkImports } from './imports.js';
import { checkReadmes, checkScripts, checkVersions } from './layout.js';
import { checkNames } from './names.js';
import { checkPurity } from './purity.js';
import { checkSeam } from './seam.js';
import { checkSizes } from './sizes.js';

export type Rule = (tree: Tree) => readonly Finding[];

export const rules: Readonly<Record<string, Rule>> = {
  'imports follow the whitelist': checkImports,
  'imports have no cycles': checkCycles,
  'no file is dead': checkDeadFiles,
  'functions, files and parameter lists are small': checkSizes,
  'comments are sentences': checkComments,
  'names say what they name': checkNames,
  'nothing rots at the seam of Nest and the log': checkSeam,
  'no clock and no randomness in pure rooms': checkPurity,
  'no secrets, registries or machine paths in committed text': checkCommittedText,
  'every room has a short README': checkReadmes,
  'versions are exact and locked': checkVersions,
  'scripts set up what they need and start what exists': checkScripts,
};

export const showFinding = ({ path, line, rule, message }: Finding): string => `${path}:${line}  ${rule}  ${message}`;
