// The metrics that the sources declare, with kinds and labels, and what a PromQL expression needs of them. Invariant: read from
// the declarations themselves, so that nothing can be shown or alarmed about that no process has.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#libs/testing';

export interface DeclaredMetric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

const DECLARATION = /\b(counter|gauge|histogram)\(\s*'(rollcall_\w+)',\s*(?:'(?:[^'\\]|\\.)*'|"[^"]*"),?\s*([^)]*)\)/g;
/** Given by Prometheus and its scrape, not by us. */
const OUTSIDE_LABELS = ['le', 'job', 'instance', 'service'];
const OUTSIDE_METRIC = /^(up|process_\w+|nodejs_\w+)$/;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') && !path.endsWith('.spec.ts') ? [path] : [];
  });
}

export function metricsDeclaredIn(text: string): DeclaredMetric[] {
  return [...text.matchAll(DECLARATION)].map(([, kind, name, rest]) => ({
    name: String(name),
    kind: kind as DeclaredMetric['kind'],
    labels: [
      ...(/\[([^\]]*)\]/.exec(/buckets/.test(String(rest)) ? '' : String(rest))?.[1] ?? '').matchAll(/'(\w+)'/g),
    ].map(([, label]) => String(label)),
  }));
}

export function declaredMetrics(): readonly DeclaredMetric[] {
  const root = repositoryRoot();
  const folders = [...readdirSync(join(root, 'apps')).map((app) => `apps/${app}/src`), 'libs/runtime/src'];
  return folders
    .flatMap((folder) => sources(join(root, folder)))
    .flatMap((path) => metricsDeclaredIn(readFileSync(path, 'utf8')));
}

/** The name without what a histogram's series add to it. */
export function metricOf(series: string): string {
  return series.replace(/_(bucket|sum|count)$/, '');
}

/** What is wrong with an expression, as far as it can be seen without a server. */
export function expressionFaults(expression: string, declared: readonly DeclaredMetric[]): string[] {
  const faults: string[] = [];
  for (const [, series = '', selector] of expression.matchAll(/\b([a-z]\w*_\w+|up)\b(?!\s*\()(?:\{([^}]*)\})?/g)) {
    if (isNoMetric(series) || OUTSIDE_METRIC.test(series)) continue;
    const metric = declared.find(({ name }) => name === series || name === metricOf(series));
    if (metric === undefined) {
      if (series.includes('rollcall_')) faults.push(`no metric ${series}`);
      continue;
    }
    if (metric.kind === 'histogram' && series === metric.name)
      faults.push(`${series} is a histogram: ask for its _bucket`);
    if (metric.kind === 'counter' && !new RegExp(`rate\\(${series}`).test(expression))
      faults.push(`${series} is a counter: ask for its rate`);
    for (const [, label = ''] of (selector ?? '').matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (![...metric.labels, ...OUTSIDE_LABELS].includes(label)) faults.push(`${series} has no label ${label}`);
    for (const label of groupedBy(expression))
      if (!metric.labels.includes(label) && !OUTSIDE_LABELS.includes(label))
        faults.push(`${series} has no label ${label}`);
  }
  if (count(expression, '(') !== count(expression, ')')) faults.push(`brackets do not match: ${expression}`);
  return faults;
}

function groupedBy(expression: string): readonly string[] {
  return [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );
}

function isNoMetric(word: string): boolean {
  return ['histogram_quantile'].includes(word);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
