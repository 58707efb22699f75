import { type IncomingHttpHeaders, type RequestOptions, request as sendHttp } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Intake } from '../../../src/component/component.ts';
import { encodeLogsRequest } from '../../../src/otlp/encode.ts';
import { encodeLogsRequestJson } from '../../../src/otlp/encode-json.ts';
import type { AnyValue } from '../../../src/pdata/any-value.ts';
import { otlpReceiverFactory } from '../../../src/receiver/otlp/factory.ts';
import type { OtlpReceiver } from '../../../src/receiver/otlp/receiver.ts';
import { MemoryStateStore } from '../../../src/storage/memory-store.ts';
import { createBatch } from '../../support/batches.ts';
import { CollectingIntake } from '../../support/consumers.ts';
import { createTestHost, createTestSettings, type TestHostOptions } from '../../support/settings.ts';

export interface RunningReceiver {
  receiver: OtlpReceiver;
  intake: CollectingIntake;
  settings: ReturnType<typeof createTestSettings>;
  host: ReturnType<typeof createTestHost>;
  store: MemoryStateStore;
}

export interface StartOptions extends Pick<TestHostOptions, 'extensions'> {
  store?: MemoryStateStore;
  id?: string;
}

/** Any free port on loopback for both protocols, unless the test says otherwise. */
export function parseConfig(config: Record<string, unknown> = {}) {
  const protocols = { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0' } };
  return otlpReceiverFactory.schema.parse({ protocols, ...config });
}

export function httpOnly(http: Record<string, unknown> = {}): Record<string, unknown> {
  return { protocols: { http: { endpoint: '127.0.0.1:0', ...http } } };
}

export function grpcOnly(grpc: Record<string, unknown> = {}): Record<string, unknown> {
  return { protocols: { grpc: { endpoint: '127.0.0.1:0', ...grpc } } };
}

/** A receiver with a real listener that is shut down when the test ends. */
export async function startReceiver(
  config: Record<string, unknown> = {},
  { store = new MemoryStateStore(), id = 'otlp', ...hostOptions }: StartOptions = {},
): Promise<RunningReceiver> {
  const settings = createTestSettings({ id });
  const host = createTestHost({ store, ...hostOptions });
  const intake = new CollectingIntake(store);
  const receiver = otlpReceiverFactory.create(settings, parseConfig(config), intake satisfies Intake) as OtlpReceiver;
  await receiver.start(host);
  onTestFinished(() => receiver.shutdown());
  return { receiver, intake, settings, host, store };
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface PostOptions extends RequestOptions {
  body?: Uint8Array | string;
}

/** One HTTP request to the receiver; POST to `/v1/logs` with protobuf unless said otherwise. */
export function post({ receiver }: Pick<RunningReceiver, 'receiver'>, options: PostOptions): Promise<Reply> {
  const { body = '', headers = {}, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = sendHttp(
      {
        host: '127.0.0.1',
        port: receiver.ports.http!,
        method: 'POST',
        path: '/v1/logs',
        agent: false,
        headers: { 'content-type': 'application/x-protobuf', ...headers },
        ...rest,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) });
        });
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export const JSON_TYPE = { 'content-type': 'application/json' };

export function protobufRequest(bodies: readonly string[]): Uint8Array {
  return encodeLogsRequest(createBatch(bodies));
}

export function jsonRequest(bodies: readonly string[]): string {
  return encodeLogsRequestJson(createBatch(bodies));
}

/** One record for each uid, with the uid as body too. */
export function uidRequest(uids: readonly string[], resource: Record<string, AnyValue> = {}): Uint8Array {
  const records = uids.map((uid) => ({ body: uid, attributes: new Map<string, AnyValue>([['log.record.uid', uid]]) }));
  return encodeLogsRequest(createBatch(records, { resource: { attributes: new Map(Object.entries(resource)) } }));
}

/** A promise that the test resolves or rejects by hand. */
export function gate(): { promise: Promise<void>; open: () => void; fail: (error: Error) => void } {
  let open = () => {};
  let fail = (_error: Error) => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** Resolves once the condition holds; other callbacks get their turn in between. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}
