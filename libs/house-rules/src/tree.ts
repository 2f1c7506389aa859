// The texts that rules look at, by path from the root. Invariant: a rule sees nothing else than a tree, so that a planted tree
// tests it as well as the real one. It stands apart because only this file reads the disk.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export class Tree {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #parsed = new Map<string, ts.SourceFile>();

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  get paths(): readonly string[] {
    return [...this.#texts.keys()];
  }

  /** TypeScript sources: what most rules look at. */
  get sources(): readonly string[] {
    return this.paths.filter((path) => /^(libs|apps)\/.*\.ts$/.test(path));
  }

  has(path: string): boolean {
    return this.#texts.has(path);
  }

  text(path: string): string {
    const text = this.#texts.get(path);
    if (text === undefined) throw new Error(`${path} is not in the tree`);
    return text;
  }

  parsed(path: string): ts.SourceFile {
    let file = this.#parsed.get(path);
    if (file === undefined) {
      file = ts.createSourceFile(path, this.text(path), ts.ScriptTarget.ES2023, true);
      this.#parsed.set(path, file);
    }
    return file;
  }

  /** A finding at a position of a source. */
  at(path: string, position: number, rule: string, message: string): Finding {
    return { path, line: this.parsed(path).getLineAndCharacterOfPosition(position).line + 1, rule, message };
  }
}

const ignoredFolders = new Set(['node_modules', 'dist', 'data', '.git']);
const textual =
  /\.(ts|mts|mjs|js|json|jsonl|md|ya?ml|toml|properties|sh|sql|html|css|svg|xml|txt|env|example)$|(^|\/)(Dockerfile|run|\.npmrc|\.gitignore|\.dockerignore)$/;
const maxBytes = 1_000_000;

/** Everything textual below the root, except what git ignores. */
export function readTree(root: string): Tree {
  const texts = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (ignoredFolders.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (textual.test(path) && statSync(join(root, path)).size <= maxBytes) {
        texts.set(path, readFileSync(join(root, path), 'utf8'));
      }
    }
  };
  walk('');
  return new Tree(texts);
}

/** A tree from texts alone, for planted violations. */
export const plantedTree = (texts: Readonly<Record<string, string>>): Tree => new Tree(new Map(Object.entries(texts)));

/** `libs/presence` of `libs/presence/src/view.ts`; undefined outside the rooms. The page of an app, which runs in browsers, is a room of its own. */
export const roomOf = (path: string): string | undefined =>
  /^(apps\/[^/]+\/page|(?:libs|apps)\/[^/]+)\//.exec(path)?.[1];

export const isStyle = (path: string): boolean => /^(libs|apps)\/.*\.css$/.test(path);

/** Specs, what only specs use, and whole folders of tests. */
export const isTest = (path: string): boolean => /\.(spec|contract)\.ts$/.test(path) || /\/test\//.test(path);

export const pureRooms: readonly string[] = ['libs/matrix', 'libs/presence', 'libs/interest', 'libs/contracts'];

export const isPure = (path: string): boolean => pureRooms.includes(roomOf(path) ?? '');
