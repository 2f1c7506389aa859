// Whose doings count: users of the homeserver itself whom no application service owns. Invariant: what a bridge to another
// network sends in the name of its ghosts is nobody's activity.
import { isUserId } from '#libs/matrix';
import { ghostPatternsIn, type Registration } from './registration.js';

/** `others`: the texts of other application services' registration files. */
export function actorTest(
  { serverName, senderLocalpart }: Registration,
  others: readonly string[],
): (userId: string) => boolean {
  const suffix = `:${serverName}`;
  const own = `@${senderLocalpart}${suffix}`;
  const ghosts = others.flatMap((text) => ghostPatternsIn(text, serverName));
  return (userId) =>
    userId.endsWith(suffix) && userId !== own && isUserId(userId) && !ghosts.some((pattern) => pattern.test(userId));
}
