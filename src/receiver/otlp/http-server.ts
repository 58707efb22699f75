import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ServerAuthenticator } from '../../component/authenticator.ts';
import { RequestTooLargeError } from '../../otlp/limits.ts';
import { encodeLogsResponse, encodeLogsResponseJson, encodeStatus, encodeStatusJson } from '../../otlp/response.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';
import type { Complaints } from './complaints.ts';
import type { HttpConfig } from './config.ts';
import { describeFailure, RequestError } from './failure.ts';
import { GRPC_STATUS } from './grpc-status.ts';
import { createSender, hostsOfCertificate, nameOfSender } from './host-binding.ts';
import { AbortedError, ACCEPTED_ENCODINGS, isKnownEncoding, readBody } from './http-body.ts';
import type { InFlight } from './in-flight.ts';
import type { Encoding, LogsService } from './logs-service.ts';
import type { OtlpTelemetry } from './telemetry.ts';
import type { ReloadingTls } from './tls-reload.ts';

const CONTENT_TYPES: Record<string, Encoding> = { 'application/x-protobuf': 'protobuf', 'application/json': 'json' };
const MIME: Record<Encoding, string> = { protobuf: 'application/x-protobuf', json: 'application/json' };
const CLIENT_ERRORS: Record<string, string> = {
  // Not 408: clients of OTLP send again after a 503, but drop what was answered with a 408.
  ERR_HTTP_REQUEST_TIMEOUT: '503 Service Unavailable',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
};
const MAX_HEADER_BYTES = 16 * 1024;

export interface ListenerParts {
  service: LogsService;
  inFlight: InFlight;
  telemetry: OtlpTelemetry;
  complaints: Complaints;
  authenticator?: ServerAuthenticator;
  tls?: ReloadingTls;
}

/** OTLP/HTTP: protobuf and JSON on one port, answers in the content type of the request. */
export class HttpListener {
  private readonly config: HttpConfig;
  private readonly parts: ListenerParts;
  private server: Server | SecureServer | undefined;
  private stopping = false;
  private closed: Promise<void> | undefined;
  /** Also those that have not finished a TLS handshake, which the server itself does not know. */
  private readonly sockets = new Set<Socket>();
  private readonly names = new WeakMap<Socket, readonly string[]>();

  constructor(config: HttpConfig, parts: ListenerParts) {
    this.config = config;
    this.parts = parts;
  }

  /** Resolves with the port when connections are accepted. */
  async listen(): Promise<number> {
    const { config, parts } = this;
    const options = {
      headersTimeout: config.read_header_timeout,
      requestTimeout: config.read_timeout,
      keepAliveTimeout: config.idle_timeout,
      connectionsCheckingInterval: checkingInterval(config),
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse) => void this.serve(request, response);
    let server: Server | SecureServer;
    if (parts.tls) {
      const { current } = parts.tls;
      const secure = createSecureServer(
        { ...options, ...current, handshakeTimeout: config.read_header_timeout || 120_000 },
        onRequest,
      );
      parts.tls.onChange((context) => secure.setSecureContext(context));
      secure.on('tlsClientError', (error) => this.onBrokenConnection('tls', error));
      server = secure;
    } else server = createServer(options, onRequest);
    server.maxConnections = config.max_connections;
    server.on('drop', () => this.onBrokenConnection('too_many_connections', new Error('too many connections')));
    server.on('checkContinue', onRequest);
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.onClientError(error, socket));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const { host, port } = config.endpoint;
      server.listen({ port, ...(host !== '' && { host }) }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.server = server;
    server.on('error', (error) => parts.complaints.warn('listener', { error }, 'the HTTP listener failed'));
    return (server.address() as AddressInfo).port;
  }

  /** Accepts nothing more; requests that are being answered go on. */
  stop(): void {
    const { server } = this;
    if (!server || this.stopping) return;
    this.stopping = true;
    this.closed = new Promise((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.stop();
    for (const socket of this.sockets) socket.destroy();
    await this.closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { telemetry, complaints } = this.parts;
    const type = mediaType(request);
    // Without this, a client that breaks the connection while it is answered would bring the process down.
    response.on('error', () => {});
    try {
      const answer = await this.handle(request, response, type);
      this.reply(request, response, 200, type, answer);
    } catch (error) {
      const aborted = error instanceof AbortedError;
      const failure = describeFailure(error);
      telemetry.requestFailed('http', aborted ? 'aborted' : failure.reason);
      if (failure.reason !== 'refused') {
        const client = request.socket.remoteAddress;
        complaints.warn(
          aborted ? 'aborted' : failure.reason,
          { client, error: (error as Error).message },
          'request not taken',
        );
      }
      if (aborted) return void response.destroy();
      for (const [name, value] of Object.entries(failure.headers ?? {})) response.setHeader(name, value);
      if (failure.retryAfterMs !== undefined)
        response.setHeader('retry-after', retryAfterSeconds(failure.retryAfterMs));
      const status = { code: failure.grpcStatus, message: failure.message };
      const body =
        type === 'json' ? encodeStatusJson(status) : type === 'protobuf' ? encodeStatus(status) : failure.message;
      this.reply(request, response, failure.httpStatus, type, body);
    }
  }

  private async handle(
    request: IncomingMessage,
    response: ServerResponse,
    type: Encoding | undefined,
  ): Promise<Uint8Array | string> {
    const { config, parts } = this;
    const auth = await parts.authenticator?.authenticate(request.headers);
    const sender = createSender(auth, this.certificateHosts(request.socket));
    if (pathOf(request) !== config.logs_url_path) {
      const message = `nothing is served here; logs go to ${config.logs_url_path}`;
      throw new RequestError({ httpStatus: 404, grpcStatus: GRPC_STATUS.UNIMPLEMENTED, message, reason: 'path' });
    }
    if (request.method !== 'POST') {
      const message = 'only POST is served here';
      const headers = { allow: 'POST' };
      throw new RequestError({
        httpStatus: 405,
        grpcStatus: GRPC_STATUS.UNIMPLEMENTED,
        message,
        reason: 'method',
        headers,
      });
    }
    if (type === undefined)
      throw unsupported('Content-Type must be application/x-protobuf or application/json', 'content_type');
    const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
    if (!isKnownEncoding(encoding)) {
      const headers = { 'accept-encoding': ACCEPTED_ENCODINGS };
      throw unsupported(`Content-Encoding must be one of ${ACCEPTED_ENCODINGS}`, 'content_encoding', headers);
    }
    const limit = config.max_request_body_size;
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      throw new RequestTooLargeError(`the body is larger than ${limit} bytes`);
    }
    const ticket = parts.inFlight.enter(0, nameOfSender(sender, request.socket.remoteAddress));
    try {
      if (request.headers.expect !== undefined) response.writeContinue();
      const body = await readBody(request, encoding, limit, (size) => ticket.resize(size));
      const answer = await parts.service.export(body, type, ticket, sender, () => releaseBytes(body));
      return type === 'json' ? encodeLogsResponseJson(answer) : encodeLogsResponse(answer);
    } finally {
      // The answer must be with the operating system first, or a shutdown would cut it off.
      if (response.closed) ticket.end();
      else response.once('close', () => ticket.end());
    }
  }

  /** Names of the client's certificate, where they count. */
  private certificateHosts(socket: Socket): readonly string[] | undefined {
    if (this.config.bind_hosts !== 'certificate') return undefined;
    let names = this.names.get(socket);
    if (!names) {
      names = hostsOfCertificate((socket as TLSSocket).getPeerCertificate?.());
      this.names.set(socket, names);
    }
    return names;
  }

  private reply(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    type: Encoding | undefined,
    body: Uint8Array | string,
  ): void {
    if (response.destroyed) return;
    response.statusCode = status;
    response.setHeader('content-type', type ? MIME[type] : 'text/plain; charset=utf-8');
    response.setHeader('content-length', Buffer.byteLength(body));
    if (this.stopping) response.setHeader('connection', 'close');
    response.end(body);
    // The rest of a body that is not wanted is read and thrown away: `read_timeout` bounds that.
    if (!request.complete) request.resume();
  }

  /** What is no HTTP, or takes too long to become a request. */
  private onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request';
    if (error.code !== 'ECONNRESET') this.onBrokenConnection(`http_${status.slice(0, 3)}`, error);
    const retry = status.startsWith('503') ? 'retry-after: 5\r\n' : '';
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${retry}content-length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
  }

  private onBrokenConnection(reason: string, error: Error): void {
    this.parts.telemetry.requestFailed('http', reason);
    this.parts.complaints.warn(reason, { error: error.message }, 'connection not taken');
  }
}

function mediaType(request: IncomingMessage): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
  return Object.hasOwn(CONTENT_TYPES, type) ? CONTENT_TYPES[type] : undefined;
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function unsupported(message: string, reason: string, headers?: Readonly<Record<string, string>>): RequestError {
  return new RequestError({
    httpStatus: 415,
    grpcStatus: GRPC_STATUS.INVALID_ARGUMENT,
    message,
    reason,
    ...(headers && { headers }),
  });
}

function retryAfterSeconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** How often timeouts are looked after: often enough for the shortest of them. */
function checkingInterval(config: HttpConfig): number {
  const timeouts = [config.read_header_timeout, config.read_timeout].filter((ms) => ms > 0);
  return Math.max(50, Math.min(5000, ...timeouts.map((ms) => ms / 2)));
}
