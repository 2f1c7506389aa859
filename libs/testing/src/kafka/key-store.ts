// A key and self-signed certificate for the TLS listeners of a local broker, made by Java's keytool.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyStore } from './node-properties.js';

const run = promisify(execFile);
const PASSWORD = 'local-broker';

export async function makeKeyStore(folder: string): Promise<KeyStore & { readonly certificate: string }> {
  const file = join(folder, 'broker.p12');
  const store = ['-keystore', file, '-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', 'broker'];
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1', '-validity', '30'];
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...store, ...subject]);
  const { stdout } = await run('keytool', ['-exportcert', '-rfc', ...store]);
  return { file, password: PASSWORD, certificate: stdout };
}
