// An announcement where a delivery partition has it. Invariant: immutable.
import type { Announcement } from './announcements.js';
import type { FrameOrigin } from './frame-origin.js';
import type { Position, Stamp } from './position.js';

export class News implements Stamp {
  constructor(
    readonly announcement: Announcement,
    readonly position: Position,
    readonly origin: FrameOrigin,
  ) {}

  get sender(): string {
    return this.announcement.sender;
  }

  get life(): number {
    return this.announcement.life;
  }

  get version(): number {
    return this.announcement.version;
  }
}
