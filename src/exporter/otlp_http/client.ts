import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../../component/clock.ts';

export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  /** At most MAX_REPLY_BYTES; what a server says beyond is not read. */
  body: Buffer;
}

export interface HttpClientOptions {
  url: URL;
  /** For one attempt, answer included; 0 means no limit. */
  timeoutMs: number;
  clock: Clock;
  /** For https only. */
  tls: SecureContextOptions & { rejectUnauthorized?: boolean; servername?: string };
  maxConnections: number;
}

/** The other side did not answer in time. */
export class TimeoutError extends Error {
  override name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}

/** Connections that nobody uses are closed after this time. */
const IDLE_MS = 60_000;

/** OTLP bounds what a client must read of a reply at 4 MiB; what we look at is far shorter. */
export const MAX_REPLY_BYTES = 4 * 1024 * 1024;

/** POST to one URL over connections that are kept open. Rejects with the error of the network or TimeoutError. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const shared = { keepAlive: true, maxSockets: options.maxConnections, timeout: IDLE_MS };
    const secure = options.url.protocol === 'https:';
    this.#agent = secure ? new HttpsAgent({ ...shared, ...options.tls }) : new HttpAgent(shared);
  }

  async post(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpReply> {
    const attempt = new AbortController();
    const onAbort = () => attempt.abort(signal.reason);
    const { timeoutMs, clock } = this.#options;
    const timer = timeoutMs > 0 && clock.setTimeout(() => attempt.abort(timeoutOf(timeoutMs)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await this.#exchange(body, headers, attempt.signal);
    } catch (error) {
      throw attempt.signal.aborted ? attempt.signal.reason : error;
    } finally {
      if (timer) timer.cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends all connections, those in use too. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const { url } = this.#options;
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(url, {
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: { ...headers, 'content-length': String(body.byteLength) },
      });
      request.on('error', (error) => {
        // The server closed a kept connection just when it was used again: that says nothing of the server's health.
        const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && !signal.aborted;
        if (stale) resolve(this.#exchange(body, headers, signal));
        else reject(error);
      });
      request.on('response', (response) => {
        readReply(response).then((reply) => {
          // A server that answers before it has read everything may leave the rest unread.
          if (!request.writableFinished) request.destroy();
          resolve(reply);
        }, reject);
      });
      request.end(body);
    });
  }
}

async function readReply(response: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk.subarray(0, MAX_REPLY_BYTES - size));
    size += chunk.byteLength;
    if (size >= MAX_REPLY_BYTES) break;
  }
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) };
}

function timeoutOf(timeoutMs: number): TimeoutError {
  return new TimeoutError(`no answer within ${timeoutMs} ms`);
}
