// What every script does first, in a planted checkout: install and build when stale and only then, and hand on arguments, output,
// signals and exit codes. npm itself is stood in for where a registry would be asked; the compiler is the real one.
import { execFile, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rollcall-set-up-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `// A planted program.
const [kind, code] = process.argv.slice(2);
if (kind === 'wait') {
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => undefined, 1000);
}
console.log(process.argv.slice(2).join('|'));
process.exitCode = Number(code ?? 0);
`;

let planted = 0;

class Checkout {
  readonly path = join(folder, String((planted += 1)));

  constructor(withPackages = true) {
    mkdirSync(this.path);
    cpSync(join(root, 'libs/house-rules/bin'), join(this.path, 'libs/house-rules/bin'), { recursive: true });
    for (const name of ['libs/house-rules/tsconfig.build.json', 'libs/house-rules/vite.config.mjs', 'tsconfig.json'])
      cpSync(join(root, name), join(this.path, name));
    this.write('package.json', JSON.stringify({ type: 'module', dependencies: { a: '1.0.0' } }));
    this.write('package-lock.json', '{}');
    this.write('apps/x/src/main.ts', program);
    this.write(
      'tool/npm.js',
      'require("node:fs").appendFileSync(__dirname + "/npm.log", process.argv.slice(2).join(" ") + "\\n");',
    );
    this.write('tool/package.json', '{}');
    if (withPackages) this.link();
  }

  link(): void {
    mkdirSync(join(this.path, 'node_modules/@types'), { recursive: true });
    for (const name of ['typescript', 'vite', 'rolldown', '@types/node', '@types/jest']) {
      symlinkSync(join(root, 'node_modules', name), join(this.path, 'node_modules', name));
    }
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, npm_execpath: join(this.path, 'tool/npm.js') };
  }

  words(target: string): readonly string[] {
    return [join(this.path, 'libs/house-rules/bin/set-up.mjs'), target];
  }

  run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return this.start('dist/apps/x/src/main.js', ...args);
  }

  start(target: string, ...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [...this.words(target), ...args],
        { env: this.environment },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        },
      );
    });
  }
}

const builtAt = (at: Checkout): number => statSync(join(at.path, 'dist/.built')).mtimeMs;

describe('set-up', () => {
  it('installs and builds once, prints only what the program prints, and hands on arguments and exit code', async () => {
    const at = new Checkout();
    expect(await at.run('a b', '3', '--c')).toEqual({ code: 3, stdout: 'a b|3|--c\n', stderr: '' });
    const built = builtAt(at);
    expect(await at.run('again')).toEqual({ code: 0, stdout: 'again\n', stderr: '' });
    expect(builtAt(at)).toBe(built);
    expect(at.read('tool/npm.log').trim().split('\n')).toEqual([
      expect.stringMatching(/^install --no-save --include=dev /),
    ]);
  }, 300_000);

  it('builds anew when a source has changed, and drops what has no source any more', async () => {
    const at = new Checkout();
    at.write('apps/x/src/gone.ts', 'export {};\n');
    at.write('apps/y/src/main.ts', program);
    await at.run();
    const dropped = ['dist/modules/apps/x/src/gone.js', 'dist/modules/apps/y/src/main.js', 'dist/apps/y/src/main.js'];
    expect(dropped.filter((name) => existsSync(join(at.path, name)))).toEqual(dropped);
    rmSync(join(at.path, 'apps/x/src/gone.ts'));
    rmSync(join(at.path, 'apps/y/src/main.ts'));
    at.write('apps/x/src/main.ts', program.replace("join('|')", "join('+')"));
    expect((await at.run('a', '0')).stdout).toBe('a+0\n');
    expect(dropped.filter((name) => existsSync(join(at.path, name)))).toEqual([]);
  }, 300_000);

  it('installs anew when the lock has changed, not when a script has', async () => {
    const at = new Checkout();
    await at.run();
    at.write('package.json', JSON.stringify({ type: 'module', dependencies: { a: '1.0.0' }, scripts: { x: 'y' } }));
    await at.run();
    expect(at.read('tool/npm.log').trim().split('\n')).toHaveLength(1);
    at.write('package-lock.json', '{ }');
    await at.run();
    expect(at.read('tool/npm.log').trim().split('\n')).toHaveLength(2);
  }, 300_000);

  it('builds the page when there is one, again when it has changed and only then, and stops when it does not build', async () => {
    const at = new Checkout();
    const page = (): string => readFileSync(join(at.path, 'dist/page/index.html'), 'utf8');
    at.write(
      'apps/gateway/page/index.html',
      '<!doctype html><title>One</title><script type="module" src="/main.ts"></script>',
    );
    at.write('apps/gateway/page/main.ts', 'const words: string = location.href;\ndocument.title = words;\n');
    await at.run();
    expect(page()).toContain('<title>One</title>');
    expect(page()).toMatch(/src="\/assets\/index-[\w-]+\.js"/);
    const built = (): number => statSync(join(at.path, 'dist/.page-built')).mtimeMs;
    const firstMs = built();
    await at.run();
    expect(built()).toBe(firstMs);
    at.write('apps/gateway/page/index.html', '<!doctype html><title>Another</title>');
    await at.run();
    expect(page()).toContain('<title>Another</title>');
    at.write('apps/gateway/page/index.html', '<!doctype html><script type="module" src="/nowhere.ts"></script>');
    expect(await at.run()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nowhere.ts') });
    expect(page()).toContain('<title>Another</title>');
  }, 300_000);

  it('runs nothing when the install or the build fails, and says why on standard error', async () => {
    const at = new Checkout();
    at.write('apps/x/src/main.ts', `${program}export const a: string = 1;\n`);
    const unbuilt = await at.run();
    expect(unbuilt).toMatchObject({ code: 1, stdout: '' });
    expect(unbuilt.stderr).toContain('error TS2322');
    expect(await at.run()).toMatchObject({ code: 1, stdout: '' });

    const bare = new Checkout(false);
    bare.write('tool/npm.js', 'console.log("no network"); process.exit(9);');
    const uninstalled = await bare.run();
    expect(uninstalled).toMatchObject({ code: 1, stdout: '' });
    expect(uninstalled.stderr).toContain('no network\nnpm install failed');
  }, 300_000);

  it('does not build for what is not built, and says so when nothing was built there', async () => {
    const at = new Checkout();
    at.write('libs/house-rules/bin/x.mjs', 'console.log("no build");');
    expect(await at.start('libs/house-rules/bin/x.mjs')).toEqual({ code: 0, stdout: 'no build\n', stderr: '' });
    expect(existsSync(join(at.path, 'dist/.built'))).toBe(false);
    expect(await at.start('dist/apps/x/src/other.js')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('dist/apps/x/src/other.js does not exist'),
    });
  }, 300_000);

  it('does each step once when two programs start together', async () => {
    const at = new Checkout();
    const ran = await Promise.all([at.run('1'), at.run('2'), at.run('3')]);
    expect(ran.map(({ stdout, code }) => [stdout, code])).toEqual([
      ['1\n', 0],
      ['2\n', 0],
      ['3\n', 0],
    ]);
    expect(at.read('tool/npm.log').trim().split('\n')).toHaveLength(1);
  }, 300_000);

  it('is one process with the program, so that signals reach it', async () => {
    const at = new Checkout();
    const child = spawn(process.execPath, [...at.words('dist/apps/x/src/main.js'), 'wait'], {
      env: at.environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    await Promise.race([ended, new Promise((resolve) => child.stdout.once('data', resolve))]);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 7, signal: null });
  }, 300_000);
});
