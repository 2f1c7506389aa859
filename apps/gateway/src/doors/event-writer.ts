// Writes the text of an event stream to its client: one write to the socket at a time, framed here, since Node's own framing of a
// chunk is four writes and a turn of the loop. Invariant: what is written stays in order with what the response itself writes,
// its headers and its end; where framing is not plain (an old client, a response behind another) the response does it.
import type { ServerResponse } from 'node:http';

export class EventWriter {
  constructor(private readonly raw: ServerResponse) {}

  write(text: string): void {
    const { raw } = this;
    const { socket } = raw;
    if (raw.writableEnded || raw.destroyed) return;
    if (socket === null || !raw.headersSent || !raw.chunkedEncoding) raw.write(text);
    else socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  /** It reads more slowly than is written: nothing more until `onDrain` calls. */
  get isFull(): boolean {
    return this.raw.writableNeedDrain || this.raw.socket?.writableNeedDrain === true;
  }

  /** Calls whenever there is room again; what is returned ends that. */
  onDrain(listener: () => void): () => void {
    const { raw } = this;
    const { socket } = raw;
    raw.on('drain', listener);
    socket?.on('drain', listener);
    return () => {
      raw.off('drain', listener);
      socket?.off('drain', listener);
    };
  }
}
