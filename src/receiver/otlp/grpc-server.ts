import {
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import type { Clock } from '../../component/clock.ts';
import { encodeLogsResponse, encodeStatus } from '../../otlp/response.ts';
import { type GrpcConfig, maxMessageBytes } from './config.ts';
import { describeFailure, type Failure } from './failure.ts';
import { admissionOf, createCallGuard } from './grpc-call-guard.ts';
import { GrpcConnections } from './grpc-connections.ts';
import { ReloadingServerCredentials } from './grpc-credentials.ts';
import type { ListenerParts } from './http-server.ts';

/** The official service, with bytes on both sides: the codec of this project reads and writes them. */
const LOGS_SERVICE = {
  Export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
} satisfies ServiceDefinition;

/** OTLP/gRPC. */
export class GrpcListener {
  private readonly config: GrpcConfig;
  private readonly parts: ListenerParts;
  private readonly clock: Clock;
  private server: Server | undefined;
  private connections: GrpcConnections | undefined;
  /** Resolves when all calls have ended after `stop`. */
  drained: Promise<void> | undefined;

  constructor(config: GrpcConfig, parts: ListenerParts, clock: Clock) {
    this.config = config;
    this.parts = parts;
    this.clock = clock;
  }

  /** Resolves with the port when connections are accepted. */
  async listen(): Promise<number> {
    const { config, parts } = this;
    const { server_parameters: keepalive } = config.keepalive;
    // The library would write to stderr by itself; what matters comes back as errors.
    setLogVerbosity(logVerbosity.NONE);
    const guard = createCallGuard(parts, config, this.clock, {
      describe: (failure) => this.status(failure),
      enter: (peer) => this.connections?.enter(peer),
    });
    const server = new Server({
      'grpc.max_receive_message_length': maxMessageBytes(config),
      'grpc.max_concurrent_streams': config.max_concurrent_streams,
      'grpc.keepalive_time_ms': keepalive.time,
      'grpc.keepalive_timeout_ms': keepalive.timeout,
      ...(keepalive.max_connection_idle && { 'grpc.max_connection_idle_ms': keepalive.max_connection_idle }),
      ...(keepalive.max_connection_age && { 'grpc.max_connection_age_ms': keepalive.max_connection_age }),
      ...(keepalive.max_connection_age_grace && {
        'grpc.max_connection_age_grace_ms': keepalive.max_connection_age_grace,
      }),
      interceptors: [guard],
    });
    server.addService(LOGS_SERVICE, {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        void this.export(call, callback),
    });
    const credentials = parts.tls ? new ReloadingServerCredentials(parts.tls) : ServerCredentials.createInsecure();
    const injector = server.createConnectionInjector(credentials);
    const connections = new GrpcConnections(
      {
        maxConnections: config.max_connections,
        maxIdle: keepalive.max_connection_idle,
        clock: this.clock,
        onDrop: () => this.onDroppedConnection(),
        onError: (error) => parts.complaints.warn('listener', { error }, 'the gRPC listener failed'),
      },
      (socket) => injector.injectConnection(socket),
    );
    const port = await connections.listen(config.endpoint);
    this.server = server;
    this.connections = connections;
    return port;
  }

  /** Accepts nothing more; calls that are being answered go on. */
  stop(): void {
    const { server, connections } = this;
    if (!server || !connections || this.drained !== undefined) return;
    const ended = new Promise((resolve) => server.tryShutdown(resolve));
    this.drained = Promise.all([connections.stop(), ended]).then(() => {});
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.stop();
    this.server?.forceShutdown();
    this.connections?.destroy();
    await this.drained;
  }

  private onDroppedConnection(): void {
    this.parts.telemetry.requestFailed('grpc', 'too_many_connections');
    const error = 'too many connections';
    this.parts.complaints.warn('too_many_connections', { error }, 'connection not taken');
  }

  private async export(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): Promise<void> {
    const { ticket, sender } = admissionOf(call.metadata);
    try {
      ticket.resize(call.request.length);
      const answer = await this.parts.service.export(call.request, 'protobuf', ticket, sender);
      callback(null, Buffer.from(encodeLogsResponse(answer)));
    } catch (error) {
      callback(this.status(error));
    } finally {
      ticket.end();
    }
  }

  /** Counts a failure and puts it into the words of gRPC. */
  private status(error: unknown): { code: number; details: string; metadata: Metadata } {
    const failure = describeFailure(error);
    this.parts.telemetry.requestFailed('grpc', failure.reason);
    if (failure.reason !== 'refused') {
      this.parts.complaints.warn(failure.reason, { error: (error as Error).message }, 'request not taken');
    }
    return { code: failure.grpcStatus, details: failure.message, metadata: trailers(failure) };
  }
}

/** `RetryInfo` where the client should try again; without it a Collector drops what was refused as exhausted. */
function trailers({ grpcStatus, message, retryAfterMs }: Failure): Metadata {
  const metadata = new Metadata();
  if (retryAfterMs !== undefined) {
    const status = encodeStatus({ code: grpcStatus, message, retryDelayMs: retryAfterMs });
    metadata.set('grpc-status-details-bin', Buffer.from(status));
  }
  return metadata;
}
