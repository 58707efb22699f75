import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Outcome, Send } from './sender.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const TIMEOUT_MS = 3000;
/** What OTLP lets a client send again. */
const RETRYABLE = new Set([
  status.UNAVAILABLE,
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.DATA_LOSS,
]);

/** One OTLP/gRPC client. */
export function createGrpcSend(port: number): { send: Send; close: () => void } {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  const identity = (bytes: Buffer) => bytes;
  const send = (body: Uint8Array): Promise<Outcome> =>
    new Promise((resolve) => {
      const deadline = Date.now() + TIMEOUT_MS;
      client.makeUnaryRequest(
        METHOD,
        identity,
        identity,
        Buffer.from(body),
        new Metadata(),
        { deadline },
        (error: ServiceError | null, reply?: Buffer) => resolve(error ? judge(error) : judgeReply(reply)),
      );
    });
  return { send, close: () => client.close() };
}

function judgeReply(reply: Buffer | undefined): Outcome {
  return !reply || reply.length === 0 ? { kind: 'taken' } : { kind: 'wrong', why: `OK with ${reply.length} bytes` };
}

function judge(error: ServiceError): Outcome {
  const name = status[error.code];
  const details = error.metadata.get('grpc-status-details-bin').length > 0;
  // Without RetryInfo a Collector drops what it was told RESOURCE_EXHAUSTED for.
  if (error.code === status.RESOURCE_EXHAUSTED && details) return { kind: 'again', afterMs: 50, why: name };
  // No status came at all: the connection broke after a GOAWAY. This client calls it INTERNAL, that of Go UNAVAILABLE.
  if (error.details.includes('ended without gRPC status')) return { kind: 'again', afterMs: 50, why: 'cut off' };
  if (RETRYABLE.has(error.code)) return { kind: 'again', afterMs: 50, why: name };
  return { kind: 'wrong', why: `gRPC ${name}: ${error.details}` };
}
