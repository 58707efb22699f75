import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Timer } from '../../component/clock.ts';
import type { Extension } from '../../component/component.ts';
import { ConfigError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import { formatEndpoint } from '../../config/endpoint.ts';
import { startQuestionServer, stopQuestionServer } from '../../config/question-server.ts';
import { printableJson } from '../../pdata/printable.ts';
import { redactUrl } from '../../pdata/redact.ts';
import { type HealthCheckConfig, showsDetails } from './config.ts';
import { ReadinessCheck } from './readiness.ts';

/** How often statuses are looked at, so that the duration of an error does not depend on who asks when. */
const LOOK_INTERVAL_MS = 5000;

/** Tells over HTTP whether the process lives, and whether it is ready and why not. */
export class HealthCheckExtension implements Extension {
  /** The port that is listened on, once started. */
  port: number | undefined;
  readonly #settings: Settings;
  readonly #config: HealthCheckConfig;
  readonly #readiness: ReadinessCheck;
  #host: Host | undefined;
  #server: Server | undefined;
  #timer: Timer | undefined;
  #startedAt = 0;

  constructor(settings: Settings, config: HealthCheckConfig) {
    this.#settings = settings;
    this.#config = config;
    this.#readiness = new ReadinessCheck(config.component_health, settings.clock);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#startedAt = this.#settings.clock.now();
    const server = await startQuestionServer(
      this.#config.endpoint,
      (request, response) => this.#serve(request, response),
      (error) => this.#settings.logger.warn({ error }, 'the health endpoint failed'),
    ).catch((error: Error) => {
      throw new ConfigError(`endpoint: ${error.message}`, { cause: error });
    });
    const { host: address } = this.#config.endpoint;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#look();
    this.#settings.logger.info(
      { endpoint: formatEndpoint({ host: address, port: this.port }) },
      'health can be asked for',
    );
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    const server = this.#server;
    this.#server = undefined;
    if (server) await stopQuestionServer(server);
  }

  #look(): void {
    if (this.#host) this.#readiness.judge(this.#host.health());
    this.#timer = this.#settings.clock.setTimeout(() => this.#look(), LOOK_INTERVAL_MS);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      this.#answer(response, 405, { status: 'only GET is served here' });
    } else if (path === this.#config.path) this.#answer(response, 200, this.#liveness());
    else if (path === this.#config.ready_path) this.#ready(response);
    else this.#answer(response, 404, { status: `nothing is served here; ask ${this.#config.ready_path}` });
  }

  #liveness(): object {
    const uptime = this.#settings.clock.now() - this.#startedAt;
    return {
      status: 'live',
      upSince: new Date(this.#startedAt).toISOString(),
      uptimeSeconds: Math.round(uptime / 1000),
    };
  }

  #ready(response: ServerResponse): void {
    const health = this.#host?.health() ?? { state: 'stopped' as const, components: new Map() };
    const { ready, reasons } = this.#readiness.judge(health);
    const body: Record<string, unknown> = { status: ready ? 'ready' : 'not ready', state: health.state };
    if (showsDetails(this.#config)) {
      const shown = (statuses: typeof reasons) => Object.fromEntries(statuses);
      if (!ready) body.reasons = shown(reasons);
      body.components = shown(health.components);
    }
    this.#answer(response, ready ? 200 : 503, body);
  }

  #answer(response: ServerResponse, status: number, body: object): void {
    const text = `${redactUrl(printableJson(JSON.stringify(body)))}\n`;
    response.statusCode = status;
    response.setHeader('content-type', 'application/json');
    response.setHeader('content-length', Buffer.byteLength(text));
    response.setHeader('cache-control', 'no-store');
    response.end(text);
  }
}
