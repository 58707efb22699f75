import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { decodeLogsRequest } from '../../src/otlp/decode.ts';
import { encodeLogsResponse } from '../../src/otlp/response.ts';
import type { LogRecord } from '../../src/pdata/logs.ts';

/** How the backend behaves until it is told otherwise. */
export const BACKEND_MODES = [
  'accept',
  'throttle',
  'unavailable',
  'internal-error',
  'hang',
  'break-before',
  'break-after',
  'cut-answer',
  'partial',
  'reject',
  'web-page',
  'slow',
] as const;
export type BackendMode = (typeof BACKEND_MODES)[number];

/** An alert as it arrived. */
export interface ArrivedAlert {
  uid: string;
  rule: string;
  body: string;
  firedtimes: number;
  attributes: ReadonlyMap<string, unknown>;
  /** How often it came. */
  copies: number;
}

/** A record with this word is refused for ever, until `forgiving`. */
export const POISON = 'poison';
/** A record with this word is left out of a request that is otherwise taken, where the mode is `partial`. */
export const PICKY = 'picky';

/** An OTLP/HTTP backend on loopback whose moods a test decides. What it answers 200 for it has kept. */
export class FakeBackend {
  mode: BackendMode = 'accept';
  /** Takes what it refused for ever before: for the replay of dead letters. */
  forgiving = false;
  /** By uid. */
  readonly alerts = new Map<string, ArrivedAlert>();
  /** Every line of every body that arrived. */
  readonly lines = new Set<string>();
  /** What was wrong with what arrived. */
  readonly complaints: string[] = [];
  readonly answers = new Map<string, number>();
  requests = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #hanging: (() => void)[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        // A client that was killed in the middle of a request.
        if (!response.destroyed) response.destroy();
        if (!request.destroyed && request.complete) this.complaints.push(`backend: ${error}`);
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Another mood; requests that hang are cut off. */
  behave(mode: BackendMode): void {
    this.mode = mode;
    for (const release of this.#hanging.splice(0)) release();
  }

  /** The whole server is away, and its connections with it. */
  async goAway(ms: number): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.behave('accept');
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    if (this.mode === 'break-before') return void request.socket.destroy();
    const body = await buffer(request);
    const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const records = decodeLogsRequest(bytes).logs.flatMap((group) => group.records);
    const { mode } = this;
    if (mode === 'hang') {
      await new Promise<void>((resolve) => this.#hanging.push(resolve));
      return void request.socket.destroy();
    }
    if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 60));
    const poisoned = !this.forgiving && records.some((record) => textOf(record).includes(POISON));
    switch (mode) {
      case 'throttle':
        return this.#answer(response, 429, { 'retry-after': '1' });
      case 'unavailable':
        return this.#answer(response, 503, { 'retry-after': '0' });
      case 'internal-error':
        return this.#answer(response, 500);
      case 'reject':
        return this.#answer(response, 400);
      case 'web-page':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>welcome</html>');
        return this.#count('200 web page');
    }
    if (poisoned) return this.#answer(response, 400);
    const picky = mode === 'partial' ? records.filter((record) => textOf(record).includes(PICKY)) : [];
    for (const record of records) if (!picky.includes(record)) this.#keep(record);
    if (mode === 'break-after') return void request.socket.destroy();
    const errorMessage = picky.length > 0 ? 'some are too picky' : '';
    const reply = encodeLogsResponse({ rejectedLogRecords: picky.length, errorMessage });
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': reply.length });
    this.#count(picky.length > 0 ? '200 partial' : '200');
    if (mode === 'cut-answer' && reply.length === 0) response.flushHeaders();
    if (mode === 'cut-answer') return void request.socket.destroy();
    response.end(reply);
  }

  #answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
    response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(`the answer is ${status}`);
    this.#count(String(status));
  }

  #count(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }

  #keep(record: LogRecord): void {
    const alert = readAlert(record);
    const known = this.alerts.get(alert.uid);
    if (!known) {
      this.alerts.set(alert.uid, alert);
      for (const line of alert.body.split('\n')) this.lines.add(line);
      return;
    }
    known.copies++;
    if (canonical(known) !== canonical(alert)) {
      this.complaints.push(`one uid, two alerts: ${canonical(known)} and ${canonical(alert)}`);
    }
  }
}

/** Reads what makes an alert the one it is. */
export function readAlert(record: LogRecord): ArrivedAlert {
  const { attributes } = record;
  return {
    uid: String(attributes.get('log.record.uid') ?? ''),
    rule: String(attributes.get('security_rule.uuid') ?? ''),
    body: textOf(record),
    firedtimes: Number(attributes.get('hids.rule.firedtimes') ?? 0),
    attributes,
    copies: 1,
  };
}

/**
 * What two runs over the same input must have in common. Uids, paths and times are a run's own: a file's events are named
 * by its inode.
 */
export function canonical(alert: ArrivedAlert): string {
  const data = [...alert.attributes].filter(([name]) => name.startsWith('hids.data.') || name === 'hids.rule.level');
  return JSON.stringify([alert.rule, alert.firedtimes, alert.body, data]);
}

function textOf(record: LogRecord): string {
  return typeof record.body === 'string' ? record.body : '';
}
