import { z } from 'zod';
import { authSchema } from '../../config/auth.ts';
import { byteSize } from '../../config/byte-size.ts';
import { duration } from '../../config/duration.ts';
import { isLoopback, listenEndpoint } from '../../config/endpoint.ts';
import { optionalSection } from '../../config/section.ts';
import { serverTlsSchema } from '../../config/tls.ts';

const MIB = 1024 * 1024;
const MAX_BODY = 1024 * MIB;

const listener = {
  tls: serverTlsSchema.optional().describe('Certificate; with `client_ca_file` client certificates are required'),
  bind_hosts: z
    .enum(['none', 'certificate'])
    .default('none')
    .describe(
      '`certificate`: a client may send events only of hosts (`host.name`) that its certificate names; needs `tls.client_ca_file`',
    ),
  auth: authSchema.optional().describe('Extension that checks who sends'),
  allow_unauthenticated: z
    .boolean()
    .default(false)
    .describe(
      'Take events from anyone who reaches an address other than loopback, without `auth` or client certificates',
    ),
};

const maxConnections = z
  .int()
  .min(1)
  .max(100_000)
  .default(1000)
  .describe('Connections at a time; further ones are closed');

const httpSchema = z.strictObject({
  endpoint: listenEndpoint().prefault('127.0.0.1:4318'),
  ...listener,
  logs_url_path: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'must start with / and hold no query')
    .default('/v1/logs')
    .describe('Path of requests'),
  max_request_body_size: byteSize(1, MAX_BODY)
    .prefault(20 * MIB)
    .describe('Largest body after decompression'),
  read_header_timeout: duration().prefault('10s').describe('Time for the headers of a request'),
  read_timeout: duration().prefault('1m').describe('Time for a whole request, body included'),
  idle_timeout: duration().prefault('1m').describe('Time between two requests of one connection'),
  max_connections: maxConnections,
});

const keepaliveSchema = z.strictObject({
  max_connection_idle: duration()
    .prefault('5m')
    .describe('Close connections without calls after this time; 0s never does'),
  max_connection_age: duration().optional().describe('Close connections after this time'),
  max_connection_age_grace: duration().optional().describe('Time for calls of a connection that is too old'),
  time: duration().prefault('2h').describe('Ask a silent client whether it is there after this time'),
  timeout: duration().prefault('20s').describe('Time for its answer'),
});

const grpcSchema = z.strictObject({
  endpoint: listenEndpoint().prefault('127.0.0.1:4317'),
  ...listener,
  max_recv_msg_size_mib: z
    .number()
    .positive()
    .max(MAX_BODY / MIB)
    .default(4)
    .describe('Largest message after decompression, in MiB'),
  max_concurrent_streams: z.int().min(1).max(100_000).default(100).describe('Calls of one connection at a time'),
  read_timeout: duration().prefault('1m').describe('Time for a whole message to arrive'),
  max_connections: maxConnections,
  keepalive: z
    .strictObject({ server_parameters: keepaliveSchema.prefault({}) })
    .prefault({})
    .describe('Looking after connections'),
});

const resendSchema = z.strictObject({
  window: duration()
    .prefault('1h')
    .describe('Time for which a request or a `log.record.uid` is remembered; 0s remembers nothing'),
  max_requests: z.int().min(1).max(10_000_000).default(100_000).describe('Requests remembered at most'),
  max_uids: z.int().min(1).max(10_000_000).default(200_000).describe('Values of `log.record.uid` remembered at most'),
});

export const otlpReceiverSchema = z.strictObject({
  protocols: z
    .strictObject({
      http: optionalSection(httpSchema).describe('OTLP/HTTP, protobuf and JSON on one port'),
      grpc: optionalSection(grpcSchema).describe('OTLP/gRPC'),
    })
    .refine(({ http, grpc }) => http !== undefined || grpc !== undefined, 'needs `http` or `grpc` or both'),
  trusted: z
    .boolean()
    .default(false)
    .describe('Senders may send control messages (`ossec: output: ...`), as agents of an own manager would'),
  expect_every: duration()
    .optional()
    .describe(
      'Report `source silent` when a `host.name` that has sent before, or everybody, has sent nothing for this long; default: never',
    ),
  max_in_flight_requests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(256)
    .describe('Requests at a time that are not answered yet; further ones are refused until later'),
  max_in_flight_size: byteSize(MIB, 64 * 1024 * MIB)
    .prefault(512 * MIB)
    .describe('Memory of requests that are not answered yet, in all'),
  resend: resendSchema.prefault({}).describe('Recognising what a client sends again'),
  shutdown_timeout: duration().prefault('10s').describe('Time for requests in flight to end when the receiver stops'),
});

export type OtlpReceiverConfig = z.output<typeof otlpReceiverSchema>;
export type HttpConfig = z.output<typeof httpSchema>;
export type GrpcConfig = z.output<typeof grpcSchema>;
export type ResendConfig = z.output<typeof resendSchema>;

/** Largest message of gRPC in bytes. */
export function maxMessageBytes(config: GrpcConfig): number {
  return Math.floor(config.max_recv_msg_size_mib * MIB);
}

/** What the schema cannot say; each message starts with the path inside the component. */
export function validateOtlpReceiver(config: OtlpReceiverConfig): string[] {
  const problems: string[] = [];
  for (const name of ['http', 'grpc'] as const) {
    const protocol = config.protocols[name];
    if (protocol?.bind_hosts === 'certificate' && protocol.tls?.client_ca_file === undefined) {
      problems.push(`protocols.${name}.bind_hosts: needs tls.client_ca_file, or there is no certificate to go by`);
    }
    if (!protocol || isLoopback(protocol.endpoint)) continue;
    const authenticated = protocol.auth !== undefined || protocol.tls?.client_ca_file !== undefined;
    if (authenticated || protocol.allow_unauthenticated) continue;
    problems.push(
      `protocols.${name}.endpoint: other machines reach this address and anyone could send events; ` +
        'set auth, or tls.client_ca_file, or say allow_unauthenticated: true',
    );
  }
  return problems;
}
