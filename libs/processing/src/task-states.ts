// The states of a task and the steps between them. Invariant: a task moves only along a drawn arrow; anything else is
// a broken invariant and throws. The diagram is compared with the table by a test.

//   restoring ──► catching-up ──► live
//       │              │           │
//       └──────────────┼───────────┘
//                      ▼
//                   closing ──► closed
//
// restoring    fenced; reads what the owner before wrote, and re-folds the silent tail
// catching-up  folds the inputs up to the ends that it found when it began
// live         as near to the ends as the log lets it
// closing      takes nothing any more; a transaction under way may end
// closed       its transactor is gone; nothing of it is used again

export type TaskState = 'restoring' | 'catching-up' | 'live' | 'closing' | 'closed';

export const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  restoring: ['catching-up', 'closing'],
  'catching-up': ['live', 'closing'],
  live: ['closing'],
  closing: ['closed'],
  closed: [],
};

/** The state after a legal step; throws at any other. */
export function step(from: TaskState, to: TaskState): TaskState {
  if (!TRANSITIONS[from].includes(to)) throw new Error(`a task cannot go from ${from} to ${to}`);
  return to;
}
