import { PermanentError } from '../component/errors.ts';

/** The bytes are no OTLP: truncated, wrong wire type, not JSON ... The same bytes can never succeed. */
export class MalformedRequestError extends PermanentError {
  override name = 'MalformedRequestError';
}

/** Well formed, but would take more memory than one request may. */
export class RequestTooLargeError extends PermanentError {
  override name = 'RequestTooLargeError';
}

export interface DecodeLimits {
  /** Estimated heap bytes of all decoded records. Two bytes on the wire can be a whole record in memory. */
  maxDecodedBytes: number;
  /** Lists and maps inside each other; a record that goes deeper is rejected alone. */
  maxDepth: number;
  /** Entries of one attribute list, map or array; a record with more is rejected alone. */
  maxEntries: number;
}

export const DEFAULT_LIMITS: DecodeLimits = {
  maxDecodedBytes: 256 * 1024 * 1024,
  maxDepth: 64,
  maxEntries: 10_000,
};

/** What a decoder has to say beside the batch; filled while it works. */
export interface DecodeReport {
  /** Estimated heap bytes of the batch. */
  decodedBytes: number;
  /** Records left out because they (or their resource or scope) exceed a limit. */
  rejectedRecords: number;
  /** Why the first of them was left out, empty where none was. */
  rejectedReason: string;
  /**
   * Values and keys that refer to the string table of the profiles signal; the protocol says to warn and to treat
   * them as absent.
   */
  profileReferences: number;
}

export function createDecodeReport(): DecodeReport {
  return { decodedBytes: 0, rejectedRecords: 0, rejectedReason: '', profileReferences: 0 };
}

export interface DecodeOptions {
  limits?: DecodeLimits;
  report?: DecodeReport;
}

/** Estimated heap bytes of a record without its content, of a map entry or array element, of a container, a string. */
export const RECORD_BYTES = 400;
export const ENTRY_BYTES = 64;
export const CONTAINER_BYTES = 128;
export const STRING_BYTES = 24;
