import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { z } from 'zod';
import { ConfigError } from '../component/errors.ts';
import { duration } from './duration.ts';

const files = {
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe("Authorities that sign the other side's certificate; default: the system's"),
  cert_file: z.string().min(1).optional().describe('Own certificate with its chain, PEM'),
  key_file: z.string().min(1).optional().describe('Private key of the certificate, PEM'),
  min_version: z.enum(['1.2', '1.3']).default('1.2').describe('Lowest version of TLS'),
  max_version: z.enum(['1.2', '1.3']).optional().describe('Highest version of TLS'),
  reload_interval: duration().optional().describe('Read the files again after this time; default: only at start'),
};

/** The Collector's `tls` block of a listener. With `client_ca_file` only clients with a certificate of it get in. */
export const serverTlsSchema = z.strictObject({
  ...files,
  cert_file: z.string().min(1).describe('Own certificate with its chain, PEM'),
  key_file: z.string().min(1).describe('Private key of the certificate, PEM'),
  client_ca_file: z
    .string()
    .min(1)
    .optional()
    .describe('Authorities that sign client certificates; with it a client certificate is required'),
});

/** The Collector's `tls` block of a client. */
export const clientTlsSchema = z.strictObject({
  ...files,
  insecure: z.boolean().default(false).describe('Speak plain text; for gRPC, whose endpoint has no scheme'),
  insecure_skip_verify: z.boolean().default(false).describe("Do not check the server's certificate"),
  server_name_override: z.string().min(1).optional().describe("Name expected in the server's certificate"),
});

export type ServerTlsConfig = z.output<typeof serverTlsSchema>;
export type ClientTlsConfig = z.output<typeof clientTlsSchema>;

/**
 * Reads certificate and key of a listener and makes sure that they fit together.
 * @throws ConfigError that names the file
 */
export function loadServerTls(
  config: ServerTlsConfig,
  baseDir: string,
): SecureContextOptions & { requestCert: boolean } {
  const { client_ca_file: clientCaFile, ca_file: caFile } = config;
  return {
    ...checked({
      ...readPair(config, baseDir),
      ...versions(config),
      ...(caFile !== undefined && { ca: readPem('ca_file', caFile, baseDir) }),
      ...(clientCaFile !== undefined && { ca: readPem('client_ca_file', clientCaFile, baseDir) }),
    }),
    requestCert: clientCaFile !== undefined,
  };
}

/**
 * What a client connects with.
 * @throws ConfigError that names the file
 */
export function loadClientTls(
  config: ClientTlsConfig,
  baseDir: string,
): SecureContextOptions & { rejectUnauthorized: boolean; servername?: string } {
  if ((config.cert_file === undefined) !== (config.key_file === undefined)) {
    throw new ConfigError('tls: cert_file and key_file belong together');
  }
  return {
    ...checked({
      ...readPair(config, baseDir),
      ...versions(config),
      ...(config.ca_file !== undefined && { ca: readPem('ca_file', config.ca_file, baseDir) }),
    }),
    rejectUnauthorized: !config.insecure_skip_verify,
    ...(config.server_name_override !== undefined && { servername: config.server_name_override }),
  };
}

type Files = Pick<ClientTlsConfig, 'cert_file' | 'key_file' | 'min_version' | 'max_version'>;

function readPair({ cert_file: cert, key_file: key }: Files, baseDir: string): SecureContextOptions {
  if (cert === undefined || key === undefined) return {};
  return { cert: readPem('cert_file', cert, baseDir), key: readPem('key_file', key, baseDir) };
}

function versions({ min_version: min, max_version: max }: Files): SecureContextOptions {
  return { minVersion: `TLSv${min}`, ...(max !== undefined && { maxVersion: `TLSv${max}` as const }) };
}

function readPem(setting: string, path: string, baseDir: string): Buffer {
  try {
    return readFileSync(resolve(baseDir, path));
  } catch (cause) {
    throw new ConfigError(`tls: ${setting} ${path} cannot be read: ${reason(cause)}`, { cause });
  }
}

function checked(options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options);
    return options;
  } catch (cause) {
    throw new ConfigError(`tls: certificate, key or authority cannot be used: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
