// The `m.presence` event as clients are told it.
import { presenceContent, type BusyName } from '#libs/matrix';
import type { View } from '#libs/presence';

export function eventText(sender: string, view: View | undefined, nowMs: number, busyName: BusyName): string {
  return JSON.stringify({ type: 'm.presence', sender, content: presenceContent(view, nowMs, busyName) });
}
