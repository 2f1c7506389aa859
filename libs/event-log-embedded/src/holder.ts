// Who may write. The holder is a record in the log itself, taken inside an LMDB write transaction, so of two starters one
// wins; a holder that died is recognised by its process identity, or, where that cannot be seen (containers), by LMDB's
// table of readers, whose entries hang on file locks that the kernel drops with their process. Invariant: one writer.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LogHeldError } from '#libs/event-log';
import { Environment, unavailable } from './environment.js';
import { HOLDER_KEY } from './layout.js';
import { livenessOf, ownIdentity, type ProcessIdentity } from './process-identity.js';

interface HolderRecord extends ProcessIdentity {
  /** Tells this opening from any other, also of the same process. */
  readonly nonce: string;
}

const held = (directory: string, holder: HolderRecord): LogHeldError =>
  new LogHeldError(
    `The log in ${directory} is held for writing by process ${holder.pid}${holder.host === ownIdentity().host ? '' : ` on ${holder.host}`}`,
  );

/** LMDB lists the pid, thread and snapshot of every reader, one a line; dead processes are dropped before looking. */
const listedAsReader = (environment: Environment, pid: number): boolean => {
  environment.dropDeadReaders();
  return new RegExp(`^\\s*${pid}\\s`, 'm').test(environment.readers());
};

const holds = (environment: Environment, holder: HolderRecord): boolean => {
  const liveness = livenessOf(holder);
  return liveness === 'unknown' ? listedAsReader(environment, holder.pid) : liveness === 'alive';
};

const requireFree = (environment: Environment): void => {
  const holder = environment.getJson<HolderRecord>(HOLDER_KEY);
  if (holder !== undefined && holds(environment, holder)) throw held(environment.options.directory, holder);
};

/** Looks before the log is opened for writing: whoever holds it may be stopped inside a write, and must not stop us too. */
export const refuseIfHeld = async (directory: string): Promise<void> => {
  if (!existsSync(join(directory, 'data.mdb'))) return;
  const environment = Environment.open({ directory, readOnly: true, durable: true });
  try {
    requireFree(environment);
  } finally {
    await environment.close();
  }
};

/** Becomes the one writer; the returned function gives that up again. */
export const hold = (environment: Environment, nonce: string): (() => Promise<void>) => {
  const { directory } = environment.options;
  const own: HolderRecord = { ...ownIdentity(), nonce };
  try {
    environment.database.transactionSync(() => {
      requireFree(environment);
      environment.database.putSync(HOLDER_KEY, Buffer.from(JSON.stringify(own)));
    });
  } catch (error) {
    throw error instanceof LogHeldError ? error : unavailable(directory, 'write to', error);
  }
  return async () => {
    if (environment.getJson<HolderRecord>(HOLDER_KEY)?.nonce !== nonce) return;
    await environment.write((writes) => writes.remove(HOLDER_KEY));
  };
};
