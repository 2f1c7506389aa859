// Whose doings count: users of the homeserver itself whom no application service owns. Invariant: what a bridge to another
// network sends in the name of its ghosts is nobody's activity.
import { isUserId } from '#libs/matrix';
import type { Registration } from './registration.js';

/** `ghosts`: users of other application services, as their registration files name them. */
export function actorTest(
  { serverName, senderLocalpart }: Registration,
  ghosts: readonly RegExp[],
): (userId: string) => boolean {
  const suffix = `:${serverName}`;
  const own = `@${senderLocalpart}${suffix}`;
  return (userId) =>
    userId.endsWith(suffix) && userId !== own && isUserId(userId) && !ghosts.some((pattern) => pattern.test(userId));
}
