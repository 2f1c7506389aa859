// What a first poll shows, and the token behind it.
import type { SinceToken } from './since-token.js';

export interface Snapshot {
  readonly texts: readonly string[];
  readonly token: SinceToken;
}
