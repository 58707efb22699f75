import { create, fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, DurationSchema } from '@bufbuild/protobuf/wkt';
import { RetryInfoSchema } from './generated/google/rpc/error_details_pb.js';
import { type Status, StatusSchema } from './generated/google/rpc/status_pb.js';
import {
  type ExportLogsServiceResponse,
  ExportLogsServiceResponseSchema,
} from './generated/opentelemetry/proto/collector/logs/v1/logs_service_pb.js';
import { MalformedRequestError } from './limits.ts';

/** What a receiver says of a request it took: `partial_success` is left out where both are empty. */
export interface LogsResponse {
  /** Records that were not taken and must not be sent again. */
  rejectedLogRecords: number;
  /** Why, or a warning where none was rejected. */
  errorMessage: string;
}

/** `google.rpc.Status`, the body of every error. */
export interface RpcStatus {
  /** gRPC status code. */
  code: number;
  message: string;
  /** Milliseconds, from the detail `google.rpc.RetryInfo`; binary form only. */
  retryDelayMs?: number;
}

export function encodeLogsResponse(response: LogsResponse): Uint8Array {
  return toBinary(ExportLogsServiceResponseSchema, buildResponse(response));
}

export function encodeLogsResponseJson(response: LogsResponse): string {
  return toJsonString(ExportLogsServiceResponseSchema, buildResponse(response));
}

/** @throws MalformedRequestError */
export function decodeLogsResponse(bytes: Uint8Array): LogsResponse {
  return readResponse(() => fromBinary(ExportLogsServiceResponseSchema, bytes));
}

/** @throws MalformedRequestError */
export function decodeLogsResponseJson(text: string): LogsResponse {
  return readResponse(() => fromJsonString(ExportLogsServiceResponseSchema, text, { ignoreUnknownFields: true }));
}

export function encodeStatus(status: RpcStatus): Uint8Array {
  return toBinary(StatusSchema, buildStatus(status));
}

/** Without details: their JSON form needs a registry of types that readers of OTLP need not have. */
export function encodeStatusJson(status: RpcStatus): string {
  return toJsonString(StatusSchema, buildStatus({ code: status.code, message: status.message }));
}

/** @throws MalformedRequestError */
export function decodeStatus(bytes: Uint8Array): RpcStatus {
  return readStatus(() => fromBinary(StatusSchema, bytes));
}

/** @throws MalformedRequestError */
export function decodeStatusJson(text: string): RpcStatus {
  const reader = (key: string, value: unknown) => (key === 'details' ? undefined : value);
  return readStatus(() =>
    fromJsonString(StatusSchema, JSON.stringify(JSON.parse(text, reader)), { ignoreUnknownFields: true }),
  );
}

function buildResponse(response: LogsResponse): ExportLogsServiceResponse {
  if (response.rejectedLogRecords === 0 && response.errorMessage === '') return create(ExportLogsServiceResponseSchema);
  return create(ExportLogsServiceResponseSchema, {
    partialSuccess: { rejectedLogRecords: BigInt(response.rejectedLogRecords), errorMessage: response.errorMessage },
  });
}

function readResponse(read: () => ExportLogsServiceResponse): LogsResponse {
  const { partialSuccess } = orMalformed(read);
  return {
    rejectedLogRecords: Number(partialSuccess?.rejectedLogRecords ?? 0n),
    errorMessage: partialSuccess?.errorMessage ?? '',
  };
}

function buildStatus(status: RpcStatus): Status {
  const { code, message, retryDelayMs } = status;
  if (retryDelayMs === undefined) return create(StatusSchema, { code, message });
  const seconds = Math.floor(retryDelayMs / 1000);
  const nanos = Math.round((retryDelayMs - seconds * 1000) * 1e6);
  const retryDelay = create(DurationSchema, { seconds: BigInt(seconds), nanos });
  const details = [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay }))];
  return create(StatusSchema, { code, message, details });
}

function readStatus(read: () => Status): RpcStatus {
  const { code, message, details } = orMalformed(read);
  const status: RpcStatus = { code, message };
  for (const detail of details) {
    const retryDelay = orMalformed(() => anyUnpack(detail, RetryInfoSchema))?.retryDelay;
    if (retryDelay) status.retryDelayMs = Number(retryDelay.seconds) * 1000 + retryDelay.nanos / 1e6;
  }
  return status;
}

function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new MalformedRequestError(`malformed answer: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
