// A small identity provider over real HTTP: introspection (RFC 7662) and a JWK set, with moods. Invariant: it does what such
// servers do (it checks the client's credentials and the form), and remembers what it was asked.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, type JWK, type JWTPayload } from 'jose';

export const CLIENT = { id: 'roll+call', secret: 'p%w:d' };
export const ISSUER = 'https://auth.example.org/';
export const AUDIENCE = 'rollcall';

type Mood = (response: ServerResponse) => void;
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export class IdentityProvider {
  /** What introspection says of a token; absent = not active. */
  readonly tokens = new Map<string, Record<string, unknown>>();
  /** Paths asked, with the token of an introspection. */
  asked: string[] = [];
  /** Absent: serves. */
  mood: Mood | undefined;
  published: JWK[] = [];
  readonly #keys = new Map<string, PrivateKey>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<IdentityProvider> {
    const server = createServer();
    const provider = new IdentityProvider(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      provider.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  async key(kid: string, algorithm = 'ES256'): Promise<JWK> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    this.#keys.set(kid, privateKey);
    return { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
  }

  sign(claims: JWTPayload, { kid = 'one', algorithm = 'ES256', named = true } = {}): Promise<string> {
    const nowS = Math.floor(Date.now() / 1_000);
    const key = this.#keys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, exp: nowS + 3_600, ...claims })
      .setProtectedHeader({ alg: algorithm, ...(named ? { kid } : {}) })
      .sign(key);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const token = form.get('token') ?? '';
    this.asked.push(token === '' ? String(request.url) : `${String(request.url)} ${token}`);
    if (this.mood !== undefined) this.mood(response);
    else if (request.url === '/keys') response.end(JSON.stringify({ keys: this.published }));
    else if (request.url !== '/introspect' || request.method !== 'POST') response.writeHead(404).end();
    else if (request.headers.authorization !== basic()) response.writeHead(401).end('{"error":"invalid_client"}');
    else response.end(JSON.stringify(this.tokens.get(token) ?? { active: false }));
  }
}

/** As a server reads it: decoded, split, form-decoded. */
function basic(): string {
  return `Basic ${Buffer.from('roll%2Bcall:p%25w%3Ad').toString('base64')}`;
}
