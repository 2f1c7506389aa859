// An aggregate, or what was found of one in stored bytes, into the draft of a block. Invariant: what is packed comes back as
// it was (unpacking.ts; a law), whichever of the two it came from.
import { NEVER } from './activity-register.js';
import type { Aggregate } from './aggregate.js';
import type { BlockDraft } from './block-draft.js';
import { NO_DEADLINE } from './deadline.js';
import type { Showing } from './evaluate.js';
import {
  ACTIVITY_OFFSET,
  ANY_DEVICE_ACTIVE,
  BITS,
  CLAIMS,
  CODE,
  COMMANDS_OFFSET,
  DEADLINE,
  DEVICES,
  EVALUATED,
  FIRST,
  FIRST_COMMAND,
  FORGOTTEN,
  FROZEN,
  HEAD_CELLS,
  ID_BYTES,
  LAST_ACTIVE,
  LIFE,
  MESSAGE,
  NO_TEXT,
  OPEN_BIT,
  OVERRIDES,
  OVERRIDE_SHIFT,
  PUTS_SHIFT,
  PUT_ACTIVE,
  REACHED,
  ROWS,
  ROW_CELLS,
  SAME_TEXT,
  TOLD_MESSAGE,
  VERSION,
} from './packed-layout.js';
import type { RegistersFound, SessionFound, TextFound } from './registers-found.js';
import { rankOf, type Presence } from './view.js';

export function draftAggregate(aggregate: Aggregate, draft: BlockDraft): void {
  const { activity, commands, shownStatusMsg } = aggregate;
  draft.begin();
  aggregate.writeNumbers(draft.cells);
  draft.cells[LIFE] = aggregate.life;
  draft.cells[VERSION] = aggregate.version;
  const { devices } = activity;
  for (let at = 0; at < devices.length; at++) {
    const device = devices[at]!;
    const { sessions } = device;
    drawRow(draft, device.liveSinceMs, device.activeAtMs, device.withdrawnAtMs);
    endRow(draft, draft.write(device.deviceId), sessions.length);
    for (let index = 0; index < sessions.length; index++) {
      const session = sessions[index]!;
      drawRow(draft, session.claimAtMs, session.connectedAtMs, session.liveUntilMs);
      endRow(draft, draft.write(session.sessionId), sessionCode(session));
    }
  }
  const { puts } = commands;
  for (let index = 0; index < puts.length; index++) {
    const put = puts[index]!;
    drawRow(draft, put.atMs, put.activeAtMs, NEVER);
    endRow(draft, draft.write(put.deviceId), rankOf(put.presence));
  }
  const { statusMsg } = commands;
  const message = statusMsg === undefined ? NO_TEXT : draft.write(statusMsg);
  let told = SAME_TEXT;
  if (shownStatusMsg !== statusMsg) told = shownStatusMsg === undefined ? NO_TEXT : draft.write(shownStatusMsg);
  const { shown } = aggregate;
  drawHead(draft, { devices: devices.length, puts: puts.length, shown, override: commands.override, message, told });
}

/** The deadline is derived and policy's: whoever reads it back rearms. */
export function draftFound(found: RegistersFound, draft: BlockDraft): void {
  const { commands, bytes, toldMessage } = found;
  draft.begin();
  drawTimes(found, draft.cells);
  for (let index = 0, next = 0; index < found.deviceCount; index += 1) {
    const device = found.devices[index]!;
    drawRow(draft, orNever(device.liveSinceMs), orNever(device.activeAtMs), orNever(device.withdrawnAtMs));
    endRow(draft, draft.copy(bytes, device.start, device.end), device.sessions);
    for (const end = next + device.sessions; next < end; next += 1) {
      const session = found.sessions[next]!;
      drawRow(draft, session.claimAtMs, session.connectedAtMs, session.liveUntilMs);
      endRow(draft, draft.copy(bytes, session.start, session.end), sessionCode(session));
    }
  }
  for (let index = 0; index < found.putCount; index += 1) {
    const put = found.puts[index]!;
    drawRow(draft, put.atMs, orNever(put.activeAtMs), NEVER);
    endRow(draft, draft.copy(bytes, put.start, put.end), rankOf(put.presence));
  }
  const message = drawText(draft, bytes, commands.message);
  const told = isSame(bytes, commands.message, toldMessage) ? SAME_TEXT : drawText(draft, bytes, toldMessage);
  const shown = (rankOf(found.presence) << 1) | (found.currentlyActive ? 1 : 0);
  const { deviceCount: devices, putCount: puts } = found;
  drawHead(draft, { devices, puts, shown, override: commands.override, message, told });
}

interface Head {
  readonly devices: number;
  readonly puts: number;
  readonly shown: Showing;
  readonly override: Presence | undefined;
  /** Bytes, or a word of the layout. */
  readonly message: number;
  readonly told: number;
}

function drawHead({ ints, used }: BlockDraft, { devices, puts, shown, override, message, told }: Head): void {
  ints[BITS] = shown | (OVERRIDES.indexOf(override) << OVERRIDE_SHIFT) | (puts << PUTS_SHIFT);
  ints[DEVICES] = devices;
  ints[ROWS] = (used - HEAD_CELLS) / ROW_CELLS;
  ints[MESSAGE] = message;
  ints[TOLD_MESSAGE] = told;
}

function drawTimes(found: RegistersFound, cells: Float64Array): void {
  const { activity, commands } = found;
  cells[FROZEN] = found.frozenActiveAtMs;
  cells[EVALUATED] = orNever(found.evaluatedAtMs);
  cells[FORGOTTEN] = orNever(found.forgottenAtMs);
  cells[DEADLINE] = NO_DEADLINE;
  cells[ANY_DEVICE_ACTIVE] = orNever(activity.anyDeviceActiveAtMs);
  cells[LAST_ACTIVE] = orNever(activity.lastActiveAtMs);
  cells[FIRST] = activity.firstAtMs;
  cells[REACHED] = orNever(activity.reachedMs);
  cells[ACTIVITY_OFFSET] = activity.offset;
  cells[PUT_ACTIVE] = orNever(commands.lastActiveAtMs);
  cells[FIRST_COMMAND] = commands.firstAtMs;
  cells[COMMANDS_OFFSET] = commands.offset;
  cells[LIFE] = found.life;
  cells[VERSION] = found.version;
}

function drawRow(draft: BlockDraft, one: number, two: number, three: number): void {
  const at = draft.row();
  const { cells } = draft;
  cells[at] = one;
  cells[at + 1] = two;
  cells[at + 2] = three;
}

/** Of the row drawn last. */
function endRow({ ints, used }: BlockDraft, idBytes: number, code: number): void {
  const at = (used - ROW_CELLS) * 2;
  ints[at + ID_BYTES] = idBytes;
  ints[at + CODE] = code;
}

function sessionCode({ claim, open }: Pick<SessionFound, 'claim' | 'open'>): number {
  return CLAIMS.indexOf(claim) | (open ? OPEN_BIT : 0);
}

function drawText(draft: BlockDraft, bytes: Uint8Array, { start, end }: TextFound): number {
  return start < 0 ? NO_TEXT : draft.copy(bytes, start, end);
}

function isSame(bytes: Uint8Array, one: TextFound, other: TextFound): boolean {
  if (one.start < 0 || other.start < 0) return one.start === other.start;
  if (one.end - one.start !== other.end - other.start) return false;
  for (let index = one.end - one.start - 1; index >= 0; index -= 1)
    if (bytes[one.start + index] !== bytes[other.start + index]) return false;
  return true;
}

function orNever(atMs: number): number {
  return Number.isNaN(atMs) ? NEVER : atMs;
}
