import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { decodeLogsRequest } from '../../../src/otlp/decode.ts';
import { decodeLogsRequestJson } from '../../../src/otlp/decode-json.ts';
import type { LogBatch, LogRecord } from '../../../src/pdata/logs.ts';
import { recordsOf } from '../../support/consumers.ts';

export interface ReceivedRequest {
  path: string;
  headers: IncomingMessage['headers'];
  /** As sent. */
  body: Buffer;
  batch: LogBatch;
  records: LogRecord[];
  /** Text of every record. */
  texts: unknown[];
}

/** How a backend answers one request; what it does not answer hangs. */
export type Behaviour = (response: ServerResponse, request: ReceivedRequest) => void;

export const accept: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
};

export function answer(
  status: number,
  body: string | Uint8Array = '',
  headers: Record<string, string> = { 'content-type': 'text/plain' },
): Behaviour {
  return (response) => void response.writeHead(status, headers).end(body);
}

export const hang: Behaviour = () => {};
export const breakConnection: Behaviour = (response) => void response.socket?.destroy();

/** A real HTTP server that answers as told: the given behaviours one after the other, then `otherwise`. */
export class Backend {
  readonly received: ReceivedRequest[] = [];
  /** Of requests that were answered with 2xx. */
  readonly accepted: ReceivedRequest[] = [];
  readonly script: Behaviour[];
  otherwise: Behaviour = accept;
  readonly #server: Server;
  #waiters: { count: number; resolve: () => void }[] = [];
  connections = 0;

  private constructor(script: Behaviour[], tls: TlsOptions | undefined) {
    this.script = script;
    const handler = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = tls ? createSecureServer(tls, handler) : createServer(handler);
    this.#server.on(tls ? 'secureConnection' : 'connection', () => this.connections++);
  }

  static async start(script: Behaviour[] = [], tls?: TlsOptions): Promise<Backend> {
    const backend = new Backend([...script], tls);
    await new Promise<void>((resolve) => backend.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => backend.stop());
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get acceptedTexts(): unknown[] {
    return this.accepted.flatMap((request) => request.texts);
  }

  /** Resolves when that many requests have arrived in all. */
  async waitForRequests(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => this.#waiters.push({ count, resolve }));
  }

  /** Closes the connections that are open, as a server does that is tired of idle ones. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const isJson = request.headers['content-type'] === 'application/json';
    const batch = isJson ? decodeLogsRequestJson(plain.toString()) : decodeLogsRequest(plain);
    const records = recordsOf([batch]);
    const received: ReceivedRequest = {
      path: request.url ?? '',
      headers: request.headers,
      body,
      batch,
      records,
      texts: records.map((record) => record.body),
    };
    this.received.push(received);
    response.on('finish', () => {
      if (response.statusCode < 300) this.accepted.push(received);
    });
    (this.script.shift() ?? this.otherwise)(response, received);
    this.#waiters = this.#waiters.filter((waiter) => {
      if (this.received.length < waiter.count) return true;
      waiter.resolve();
      return false;
    });
  }
}
