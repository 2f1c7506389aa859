// The page as files: what is served, with which headers, and that nothing beside the built files can be reached.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { fastify, type FastifyInstance } from 'fastify';
import { PageDoor } from './page-door.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-page-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const script = `export const words = ${JSON.stringify('a'.repeat(2_000))};\n`;

function served(place: string): FastifyInstance {
  const app = fastify();
  new PageDoor(place).register(app);
  return app;
}

describe('a built page', () => {
  const page = join(folder, 'dist', 'page');
  let app: FastifyInstance;

  beforeAll(() => {
    mkdirSync(join(page, 'assets'), { recursive: true });
    writeFileSync(join(page, 'index.html'), '<!doctype html><title>Rollcall</title>');
    writeFileSync(join(page, 'assets', 'index-abc.js'), script);
    writeFileSync(join(page, 'notes.key'), 'of no type that is served');
    writeFileSync(join(folder, 'dist', 'secret.json'), '{}');
    app = served(page);
  });

  it('is served at the root, to be asked for again, under a policy that lets nothing else in', async () => {
    const answer = await app.inject('/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  });

  it('has parts that are kept for ever, in the form that the browser takes', async () => {
    const ask = (encoding: string) =>
      app.inject({ url: '/assets/index-abc.js', headers: { 'accept-encoding': encoding } });
    const [br, gzip, plain, refused] = await Promise.all(['gzip, br', 'gzip', '', 'br;q=0'].map(ask));
    expect(brotliDecompressSync(br?.rawPayload ?? Buffer.alloc(0)).toString()).toBe(script);
    expect(gunzipSync(gzip?.rawPayload ?? Buffer.alloc(0)).toString()).toBe(script);
    expect(plain?.payload).toBe(script);
    expect(refused?.payload).toBe(script);
    expect(br?.headers).toMatchObject({
      'cache-control': expect.stringContaining('immutable'),
      vary: 'accept-encoding',
    });
  });

  it('is not sent again when it is still the same', async () => {
    const { headers } = await app.inject('/');
    const again = await app.inject({ url: '/', headers: { 'if-none-match': String(headers.etag) } });
    expect([again.statusCode, again.payload]).toEqual([304, '']);
  });

  it.each([
    '/../secret.json',
    '/..%2fsecret.json',
    '/%2e%2e/secret.json',
    '/assets/../../secret.json',
    '/assets/..%5c..%5csecret.json',
    '//secret.json',
    '/notes.key',
    '/assets/',
    '/index.html/..%2f..%2fsecret.json',
  ])('serves nothing else: %s', async (url) => {
    expect((await app.inject({ url })).statusCode).toBe(404);
  });
});

it('says how to build a page that is not built', async () => {
  const answer = await served(join(folder, 'nowhere')).inject('/');
  expect([answer.statusCode, answer.payload]).toEqual([503, expect.stringContaining('npm start')]);
});
