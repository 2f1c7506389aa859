// Whether a room shares presence, from its join rule and what the operator says. Invariant: a room that is named is treated as
// it is named, whatever its join rule; withholding outranks sharing.
import type { RoomPolicyWord } from '#libs/contracts';

export interface RoomRules {
  /** For rooms that anybody may join. */
  readonly publicRooms: RoomPolicyWord;
  /** Globs of room ids (`*` any characters, `?` one). */
  readonly withheld: readonly string[];
  readonly shared: readonly string[];
}

export class RoomPolicies {
  readonly #withheld: readonly RegExp[];
  readonly #shared: readonly RegExp[];

  constructor(private readonly rules: RoomRules) {
    this.#withheld = rules.withheld.map(globPattern);
    this.#shared = rules.shared.map(globPattern);
  }

  policyOf(roomId: string, joinRule: string): RoomPolicyWord {
    if (this.#withheld.some((pattern) => pattern.test(roomId))) return 'withhold';
    if (joinRule !== 'public' || this.#shared.some((pattern) => pattern.test(roomId))) return 'share';
    return this.rules.publicRooms;
  }
}

function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\/]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}
