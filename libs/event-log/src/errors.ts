// The errors by which every adapter says the same thing in the same words. Whoever handles a failure of the log
// decides by class, never by message or by the client library's own types.

/** A newer transactor of the same id exists: this one must never write again. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** The transaction failed or its outcome is unknown; the transactor is unusable. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
}

/** The log cannot be reached or cannot make a write durable now; the same call may succeed later. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError';
}

/** Whoever asks is known to the log and may not do this: an administrator must grant it. */
export class LogForbiddenError extends Error {
  override readonly name = 'LogForbiddenError';
}

/** The topic does not exist. */
export class UnknownTopicError extends Error {
  override readonly name = 'UnknownTopicError';
}

/** The topic exists with another shape than the one asked for. */
export class TopicMismatchError extends Error {
  override readonly name = 'TopicMismatchError';
}

/** A record or request is larger than the log takes. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError';
}

/** Another process holds the data directory for writing. */
export class LogHeldError extends Error {
  override readonly name = 'LogHeldError';
}

/** The position asked for lies outside what the log holds. */
export class OffsetOutOfRangeError extends Error {
  override readonly name = 'OffsetOutOfRangeError';
}
