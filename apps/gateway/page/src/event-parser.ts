// Server-sent events out of pieces of text, however they were cut (HTML standard, "Interpreting an event stream"). Invariant: an
// event is told once its empty line has come, and a comment is none.

export interface ServerEvent {
  readonly type: string;
  readonly text: string;
}

export class EventParser {
  #rest = '';
  #type = '';
  #lines: string[] = [];

  push(piece: string): ServerEvent[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'event') this.#type = value;
    if (field === 'data') this.#lines.push(value);
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const event = { type: this.#type === '' ? 'message' : this.#type, text: this.#lines.join('\n') };
    const isEvent = this.#lines.length > 0;
    this.#type = '';
    this.#lines = [];
    return isEvent ? event : undefined;
  }
}
