import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Outcome, Send } from './sender.ts';

const TIMEOUT_MS = 3000;

/** One OTLP/HTTP client with a connection of its own. */
export function createHttpSend(port: number): { send: Send; close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (body: Uint8Array): Promise<Outcome> =>
    new Promise((resolve) => {
      const again = (why: string) => resolve({ kind: 'again', afterMs: 30, why });
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
      const options = {
        host: '127.0.0.1',
        port,
        path: '/v1/logs',
        method: 'POST',
        headers,
        agent,
        timeout: TIMEOUT_MS,
      };
      const sent = request(options, (response) => {
        buffer(response).then(
          (reply) => resolve(judge(response.statusCode ?? 0, response.headers['retry-after'], reply)),
          () => again('answer cut off'),
        );
      });
      sent.on('timeout', () => sent.destroy(new Error('timeout')));
      sent.on('error', (error: NodeJS.ErrnoException) => again(error.code ?? error.message));
      sent.end(body);
    });
  return { send, close: () => agent.destroy() };
}

function judge(status: number, retryAfter: string | undefined, reply: Buffer): Outcome {
  if (status === 200) {
    return reply.length === 0 ? { kind: 'taken' } : { kind: 'wrong', why: `200 with ${reply.length} bytes` };
  }
  if (status === 429 && retryAfter === undefined) return { kind: 'wrong', why: '429 without Retry-After' };
  if (status !== 429 && status !== 502 && status !== 503 && status !== 504) {
    return { kind: 'wrong', why: `HTTP ${status}: ${reply.toString('latin1').slice(0, 200)}` };
  }
  return { kind: 'again', afterMs: Number(retryAfter ?? 0) * 1000, why: `HTTP ${status}` };
}
