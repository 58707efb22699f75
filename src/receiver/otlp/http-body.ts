import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { MalformedRequestError, RequestTooLargeError } from '../../otlp/limits.ts';

/** A zstd frame may ask for a window of gigabytes; 32 MiB is what the encoders of senders use at most. */
const ZSTD_WINDOW_LOG_MAX = 25;

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  zlib: createInflate,
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } }),
};

/** Value of `Accept-Encoding` for those who sent another. */
export const ACCEPTED_ENCODINGS = 'gzip, zstd, deflate';

export function isKnownEncoding(encoding: string): boolean {
  return encoding === '' || encoding === 'identity' || Object.hasOwn(DECODERS, encoding);
}

/** The client went away or broke the connection before the body was complete; nobody waits for an answer. */
export class AbortedError extends Error {
  override name = 'AbortedError';
}

/**
 * Reads and decompresses a body. Stops as soon as the decompressed size exceeds the limit, so a bomb is never
 * inflated further than that. What is left of the body is passed over, since a client reads the answer only when it
 * has sent everything.
 * @param onBytes called with the size so far; what it throws ends the reading
 */
export function readBody(
  request: IncomingMessage,
  encoding: string,
  limit: number,
  onBytes: (size: number) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]() : undefined;
    const source: Readable = decoder ?? request;
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;

    const fail = (error: Error) => {
      if (settled) return;
      settled = true;
      source.off('data', onData);
      if (decoder) {
        request.unpipe(decoder);
        decoder.destroy();
      }
      chunks.length = 0;
      request.resume();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) return fail(new RequestTooLargeError(`the body is larger than ${limit} bytes`));
      try {
        onBytes(size);
      } catch (error) {
        return fail(error as Error);
      }
      chunks.push(chunk);
    };
    source.on('data', onData);
    source.on('end', () => {
      if (settled) return;
      settled = true;
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
    });
    request.on('error', () => fail(new AbortedError('the client went away')));
    request.on('close', () => {
      if (!request.complete) fail(new AbortedError('the client went away'));
    });
    if (decoder) {
      decoder.on('error', (cause) => {
        fail(new MalformedRequestError(`the body is not ${encoding}: ${cause.message}`, { cause }));
      });
      request.pipe(decoder);
    }
  });
}
