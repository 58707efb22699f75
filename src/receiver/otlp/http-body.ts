import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { MalformedRequestError, RequestTooLargeError } from '../../otlp/limits.ts';
import { releaseBytes } from '../../pdata/release-bytes.ts';

/** A zstd frame may ask for a window of gigabytes; 32 MiB is what the encoders of senders use at most. */
const ZSTD_WINDOW_LOG_MAX = 25;

/** Of one body: each takes a decoder of its own, and may hold nothing. */
const MAX_FRAMES = 1000;

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
 * Reads and decompresses a body. Stops as soon as its size, or that of what is in it, exceeds the limit, so a bomb is never
 * inflated further than that. What is left of the body is passed over, since a client reads the answer only when it
 * has sent everything.
 * @param onBytes called with the size so far; what it throws ends the reading
 */
export async function readBody(
  request: IncomingMessage,
  encoding: string,
  limit: number,
  onBytes: (size: number) => void,
): Promise<Buffer> {
  const body = await collect(request, limit, onBytes);
  const create = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  return create ? decompress(body, { encoding, create, limit, onBytes: (size) => onBytes(body.length + size) }) : body;
}

function collect(request: IncomingMessage, limit: number, onBytes: (size: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error) => {
      request.off('data', onData);
      chunks.length = 0;
      size = 0;
      request.resume();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) return fail(tooLarge(limit));
      try {
        onBytes(size);
      } catch (error) {
        return fail(error as Error);
      }
      chunks.push(chunk);
    };
    request.on('data', onData);
    request.on('end', () => {
      if (chunks.length === 1) return resolve(chunks[0]);
      resolve(Buffer.concat(chunks, size));
      for (const chunk of chunks) releaseBytes(chunk);
    });
    request.on('error', () => fail(new AbortedError('the client went away')));
    request.on('close', () => {
      if (!request.complete) fail(new AbortedError('the client went away'));
    });
  });
}

interface Compression {
  encoding: string;
  create: () => Transform;
  limit: number;
  onBytes(size: number): void;
}

/** A body may consist of several frames (zstd); Node's decoders of all but gzip end silently behind the first one. */
async function decompress(body: Buffer, { encoding, create, limit, onBytes }: Compression): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    onBytes(size);
    chunks.push(chunk);
  };
  let at = 0;
  let frames = 0;
  do {
    if (++frames > MAX_FRAMES) throw malformed(encoding, `more than ${MAX_FRAMES} frames`);
    at += await readFrame(create(), body.subarray(at), take, encoding);
    if (at < body.length && encoding !== 'zstd') throw malformed(encoding, 'something follows its end');
  } while (at < body.length);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size);
}

function tooLarge(limit: number): RequestTooLargeError {
  return new RequestTooLargeError(`the body is larger than ${limit} bytes`);
}

function malformed(encoding: string, reason: string): MalformedRequestError {
  return new MalformedRequestError(`the body is not ${encoding}: ${reason}`);
}

/** Resolves with how many bytes belonged to the frame. */
function readFrame(
  decoder: Transform,
  bytes: Buffer,
  take: (chunk: Buffer) => void,
  encoding: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      decoder.off('data', onData);
      decoder.destroy();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      try {
        take(chunk);
      } catch (error) {
        fail(error as Error);
      }
    };
    decoder.on('data', onData);
    decoder.on('error', (cause) => fail(malformed(encoding, cause.message)));
    decoder.on('end', () => {
      resolve((decoder as Transform & { bytesWritten: number }).bytesWritten);
      decoder.destroy();
    });
    decoder.end(bytes);
  });
}
