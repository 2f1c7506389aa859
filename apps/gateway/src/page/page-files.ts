// The built page, held in memory as it is served: every file with its type, its tag and its compressed forms. Invariant: a
// path is looked up among the files that were found at the start and never joined to a folder, so that nothing else can be
// read through it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

export interface PageFile {
  readonly type: string;
  readonly tag: string;
  readonly plain: Buffer;
  /** Absent where it would save nothing. */
  readonly br?: Buffer;
  readonly gzip?: Buffer;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};
const WORTH_COMPRESSING_BYTES = 512;

/** Where set-up builds the page, seen from the built file and from the source. */
export function builtPage(): string {
  const places = ['../../../../page/', '../../../../dist/page/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return places.find((place) => existsSync(join(place, 'index.html'))) ?? String(places[0]);
}

/** By path from the root, `/` for the page itself; empty when the page is not built. */
export function readPage(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(join(folder, 'index.html'))) return files;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)];
    if (type === undefined || !statSync(join(folder, name)).isFile()) continue;
    const path = name === 'index.html' ? '/' : `/${name.replaceAll('\\', '/')}`;
    files.set(path, held(readFileSync(join(folder, name)), type, path.startsWith('/assets/')));
  }
  return files;
}

function held(plain: Buffer, type: string, immutable: boolean): PageFile {
  const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  if (plain.length < WORTH_COMPRESSING_BYTES) return { type, tag, plain, immutable };
  return { type, tag, plain, br: brotliCompressSync(plain), gzip: gzipSync(plain), immutable };
}
