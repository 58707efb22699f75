import { Agent, request } from 'node:http';
import { encodeLogsRequest } from '../../src/otlp/encode.ts';
import type { EventSource } from './events.ts';

/** Requests on the way at once: enough to keep the program busy. */
const IN_FLIGHT = 4;
const MAX_WAIT_MS = 5000;
/** Broken connections in a row, a second apart, after which the program is taken for dead. */
const MAX_BROKEN = 30;

/** Sends events as fast as they are taken; what is refused for now is sent again, what is refused for good is an error. */
export class LoadSender {
  readonly #source: EventSource;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  accepted = 0;
  resent = 0;

  constructor(source: EventSource, port: number) {
    this.#source = source;
    this.#port = port;
  }

  /** Sends until so many events in all were accepted. */
  async sendUntil(total: number): Promise<void> {
    let promised = this.accepted;
    const lane = async () => {
      while (promised < total) {
        const { batch, records } = this.#source.next();
        promised += records;
        const body = encodeLogsRequest(batch);
        // The encoder may use its buffer again.
        await this.#deliver(Buffer.from(body));
        this.accepted += records;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #deliver(body: Buffer): Promise<void> {
    for (let broken = 0; ; ) {
      const { status, retryAfter } = await this.#post(body).catch((error: unknown) => {
        // A connection that was closed for being idle, say: the same bytes again are known as the same request.
        if (++broken > MAX_BROKEN) throw error;
        return { status: 503, retryAfter: 1 };
      });
      if (status === 200) return;
      if (status !== 429 && status !== 503) throw new Error(`a request was refused with ${status}`);
      this.resent++;
      await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_WAIT_MS, retryAfter * 1000)));
    }
  }

  #post(body: Buffer): Promise<{ status: number; retryAfter: number }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
      const options = {
        agent: this.#agent,
        host: '127.0.0.1',
        port: this.#port,
        path: '/v1/logs',
        method: 'POST',
        headers,
      };
      const outgoing = request(options, (response) => {
        response.resume().on('end', () => {
          resolve({ status: response.statusCode ?? 0, retryAfter: Number(response.headers['retry-after'] ?? 1) });
        });
        response.on('error', reject);
      });
      outgoing.on('error', reject).end(body);
    });
  }
}
