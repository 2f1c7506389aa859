// Whether an expression is PromQL, by the grammar of Prometheus's own editor. Invariant: what Prometheus would refuse to parse is a
// fault with its place; whether the metrics exist is asked elsewhere.
import { parser } from '@prometheus-io/lezer-promql';

/** One sentence for every place at which the expression is none. */
export function syntaxFaults(expression: string): string[] {
  const faults: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) faults.push(`no PromQL at "${expression.slice(from, Math.max(to, from + 12))}": ${expression}`);
    },
  });
  return faults;
}
