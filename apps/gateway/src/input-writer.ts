// Writes inputs to the activity and command topics. Invariant: what resolves is durable; what cannot be made durable in time
// is `NotDurableError`, whether the log said so or said nothing, and nobody answers 200 for it.
import { encodeActivity, encodeCommand, tracedHeaders } from '#libs/contracts';
import type { Appended, Clock, EventLog, NewRecord } from '#libs/event-log';
import type { ActivityInput, CommandInput } from '#libs/presence';
import { SameSpan } from './same-span.js';

export class NotDurableError extends Error {
  override readonly name = 'NotDurableError';
}

export interface InputWriterOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly activityTopic: string;
  readonly commandsTopic: string;
  readonly maxDurableMs: number;
}

export class InputWriter {
  readonly #patience: SameSpan;

  constructor(private readonly options: InputWriterOptions) {
    this.#patience = new SameSpan(options.clock, options.maxDurableMs);
  }

  activity(
    inputs: readonly { readonly userId: string; readonly input: ActivityInput }[],
  ): Promise<readonly Appended[]> {
    const records = inputs.map(({ userId, input }) => ({ key: userId, value: encodeActivity({ userId, input }) }));
    return this.append(this.options.activityTopic, records);
  }

  /** `traceparent`: of the request that asks for it, if it is traced. */
  async command(userId: string, input: CommandInput, traceparent?: string): Promise<Appended> {
    const [appended] = await this.append(this.options.commandsTopic, [
      { key: userId, value: encodeCommand({ userId, input }), headers: tracedHeaders(traceparent) },
    ]);
    if (appended === undefined) throw new NotDurableError('the log did not say where the command stands');
    return appended;
  }

  /** Bounded in time; any failure is `NotDurableError` with its cause. */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    const patience = this.#patience;
    return new Promise((resolve, reject) => {
      const waiting = patience.begin(() => {
        reject(new NotDurableError('the log did not answer in time'));
      });
      this.options.log.append(topic, records).then(
        (places) => {
          patience.end(waiting);
          resolve(places);
        },
        (error: unknown) => {
          patience.end(waiting);
          reject(new NotDurableError('the log could not make it durable', { cause: error }));
        },
      );
    });
  }
}
