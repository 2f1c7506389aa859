// No cycles: neither between rooms nor between the files of one room. Type-only imports between files do not count, because
// nothing of them is left at run time; between rooms they do. And what nobody reaches is dead.
import { posix } from 'node:path';
import { type Finding, type Tree, isTest, roomOf } from '../tree.js';
import { importsOf } from './imports.js';

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

const aliasOf = (specifier: string): string | undefined => /^#((?:libs|apps)\/[^/]+)$/.exec(specifier)?.[1];

function targetOf(tree: Tree, path: string, specifier: string): string | undefined {
  const alias = aliasOf(specifier);
  if (alias !== undefined) return `${alias}/src/index.ts`;
  if (!specifier.startsWith('.')) return undefined;
  const joined = posix.normalize(posix.join(posix.dirname(path), specifier));
  return [joined.replace(/\.js$/, '.ts'), joined].find((candidate) => tree.has(candidate));
}

function graphOf(tree: Tree, withTypes: boolean): Graph {
  const graph = new Map<string, Set<string>>();
  for (const path of tree.sources) {
    const targets = new Set<string>();
    for (const { specifier, typeOnly } of importsOf(tree.parsed(path))) {
      const target = typeOnly && !withTypes ? undefined : targetOf(tree, path, specifier);
      if (target !== undefined) targets.add(target);
    }
    graph.set(path, targets);
  }
  return graph;
}

function roomsOf(graph: Graph): Graph {
  const rooms = new Map<string, Set<string>>();
  for (const [path, targets] of graph) {
    const room = roomOf(path) ?? path;
    // Specs may look at rooms that look at theirs: nothing of that is left in what is built.
    if (isTest(path)) continue;
    const set = rooms.get(room) ?? new Set<string>();
    for (const target of targets) if (roomOf(target) !== room) set.add(roomOf(target) ?? target);
    rooms.set(room, set);
  }
  return rooms;
}

/** One cycle through each strongly connected part, as the path that closes. */
export function cyclesOf(graph: Graph): readonly (readonly string[])[] {
  const state = new Map<string, 'open' | 'done'>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): void => {
    state.set(node, 'open');
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const seen = state.get(next);
      if (seen === 'open') cycles.push([...stack.slice(stack.indexOf(next)), next]);
      else if (seen === undefined) visit(next);
    }
    stack.pop();
    state.set(node, 'done');
  };
  for (const node of graph.keys()) if (!state.has(node)) visit(node);
  return cycles;
}

export function checkCycles(tree: Tree): readonly Finding[] {
  const graphs = [graphOf(tree, false), roomsOf(graphOf(tree, true))];
  return graphs.flatMap(cyclesOf).map((cycle) => ({
    path: cycle[0] ?? '',
    line: 1,
    rule: 'cycles',
    message: `imports go in a circle: ${cycle.join(' → ')}`,
  }));
}

const isEntry = (tree: Tree, path: string): boolean => {
  if (/\/src\/(index|main)\.ts$/.test(path) || /\.(spec|d)\.ts$/.test(path)) return true;
  const built = `dist/${path.replace(/\.ts$/, '.js')}`;
  // Named where something is started: a script, another program's own file, a deployment file.
  return tree.paths.some(
    (other) => /\.(json|mjs|ya?ml|md)$|Dockerfile$/.test(other) && tree.text(other).includes(built),
  );
};

/** A program started by path from a test or a program (`new URL('./writer.ts', …)`, `fork('…/writer.js')`) is reached as well. */
const startedFrom = (tree: Tree, path: string, name: string): boolean =>
  new RegExp(`['"\`/]${name}\\.(js|ts|mjs)['"\`]`).test(tree.text(path));

export function checkDeadFiles(tree: Tree): readonly Finding[] {
  const graph = graphOf(tree, true);
  const reached = new Set<string>();
  const queue = tree.sources.filter((path) => isEntry(tree, path));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    queue.push(...(graph.get(path) ?? []));
  }
  const isStarted = (path: string): boolean => {
    const name = posix.basename(path, '.ts').replace(/[.]/g, '\\.');
    return tree.sources.some(
      (other) => roomOf(other) === roomOf(path) && other !== path && startedFrom(tree, other, name),
    );
  };
  return tree.sources
    .filter((path) => !reached.has(path) && !isStarted(path))
    .map((path) => ({
      path,
      line: 1,
      rule: 'dead-files',
      message: 'nothing imports or starts this file: delete it or use it',
    }));
}
