/** Can never succeed: the caller drops the data, counts it and does not send it again. */
export class PermanentError extends Error {
  override name = 'PermanentError';
}

/** Not now: a queue or a limit is full. The caller keeps the data and sends it again after the given time. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  /** Milliseconds after which a new attempt makes sense. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The configuration asks for something that cannot be; the message says what and where. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
