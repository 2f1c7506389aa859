// Registers for a log whose inputs begin anew. Invariant: nothing but the applied offsets differs, fields that this version
// does not know included; with them reset, the first input of the new log is news to every user.

const NONE_APPLIED = -1;

/** Stored registers (of any version) as they are stored in the log to which a user moves. */
export function registersElsewhere(text: string): string {
  const stored = JSON.parse(text) as { readonly activity: object; readonly commands: object };
  const { activity, commands } = stored;
  return JSON.stringify({
    ...stored,
    activity: { ...activity, offset: NONE_APPLIED },
    commands: { ...commands, offset: NONE_APPLIED },
  });
}
