// What must not be in any committed text: secrets, addresses of package registries, paths of somebody's machine. Invariant:
// looks at every textual file, the lock file included.
import type { Finding, Tree } from '../tree.js';

const forbidden: readonly (readonly [pattern: RegExp, message: string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, 'a private key: make it when the test runs'],
  [/\b(?:ghp|gho|ghs|github_pat|glpat|npm|xox[abp]|sk_live)_?[A-Za-z0-9]{24,}/, 'looks like an access token'],
  [/\bAKIA[0-9A-Z]{16}\b/, 'looks like a cloud access key'],
  [/_auth(?:Token)?\s*=/, 'registry credentials belong to the user, not to the repository'],
  [
    /\bregistry\s*=\s*https?:|https?:\/\/(?:[\w.-]+\.)?(?:registry\.|npm\.|artifactory|nexus)[\w.-]*[/"']/,
    'the address of a package registry',
  ],
  [/"resolved":\s*"https?:/, 'the lock file names a registry: .npmrc has omit-lockfile-registry-resolved'],
  [/(?<![\w.~-])\/(?:root|Users|work)\/[\w.-]+/, 'the path of a machine: derive it, or take it as a parameter'],
  [/(?<![\w.~-])\/home\/(?!node\b|app\b)[\w.-]+/, 'the path of a machine: derive it, or take it as a parameter'],
];

export function checkCommittedText(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.paths) {
    const text = tree.text(path);
    for (const [pattern, message] of forbidden) {
      const match = pattern.exec(text);
      if (match !== null)
        findings.push({ path, line: text.slice(0, match.index).split('\n').length, rule: 'committed-text', message });
    }
  }
  return findings;
}
