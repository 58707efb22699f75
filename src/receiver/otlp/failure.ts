import { UnauthenticatedError } from '../../component/authenticator.ts';
import { PermanentError, RefusedError } from '../../component/errors.ts';
import { MalformedRequestError, RequestTooLargeError } from '../../otlp/limits.ts';
import { GRPC_STATUS } from './grpc-status.ts';

/** Delay asked for where the failure itself gives none. */
const RETRY_AFTER_MS = 5000;

/** How a failure is told to the sender. */
export interface Failure {
  httpStatus: number;
  grpcStatus: number;
  /** Said to the sender; of failures inside this process only that there was one. */
  message: string;
  /** Word for the counter and for the log. */
  reason: string;
  /** Set where the sender should try again. */
  retryAfterMs?: number;
  /** Further headers of HTTP. */
  headers?: Readonly<Record<string, string>>;
}

/** A failure that is known where it happens. */
export class RequestError extends Error {
  override name = 'RequestError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof RequestError) return error.failure;
  if (error instanceof UnauthenticatedError) {
    return {
      httpStatus: 401,
      grpcStatus: GRPC_STATUS.UNAUTHENTICATED,
      message: error.message,
      reason: 'unauthenticated',
      headers: { 'www-authenticate': error.challenge },
    };
  }
  if (error instanceof RequestTooLargeError) {
    return {
      httpStatus: 413,
      // Without RetryInfo: a client must not send it again.
      grpcStatus: GRPC_STATUS.RESOURCE_EXHAUSTED,
      message: error.message,
      reason: 'too_large',
    };
  }
  if (error instanceof PermanentError) {
    return {
      httpStatus: 400,
      grpcStatus: GRPC_STATUS.INVALID_ARGUMENT,
      message: error.message,
      reason: error instanceof MalformedRequestError ? 'malformed' : 'permanent',
    };
  }
  if (error instanceof RefusedError) {
    return {
      httpStatus: 429,
      grpcStatus: GRPC_STATUS.UNAVAILABLE,
      message: error.message,
      reason: 'refused',
      retryAfterMs: error.retryAfterMs,
    };
  }
  return {
    httpStatus: 503,
    grpcStatus: GRPC_STATUS.UNAVAILABLE,
    message: 'the records could not be stored; send them again',
    reason: 'failed',
    retryAfterMs: RETRY_AFTER_MS,
  };
}
