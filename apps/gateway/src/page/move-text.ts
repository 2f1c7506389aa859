// A change as the administrator's page is told it. Invariant: absent means none; without `presence` the user was forgotten, and
// without `before` nobody knew them.
import type { Move } from '#libs/views';

export function moveTold({ userId, life, version, atMs, view, before, cause }: Move): object {
  return {
    user_id: userId,
    life,
    version,
    at_ts: atMs,
    ...(view === undefined
      ? {}
      : {
          presence: view.presence,
          status_msg: view.statusMsg,
          currently_active: view.currentlyActive,
          last_active_ts: view.lastActiveAtMs,
        }),
    ...(before === undefined
      ? {}
      : {
          before: { presence: before.presence, status_msg: before.statusMsg, currently_active: before.currentlyActive },
        }),
    cause,
  };
}
