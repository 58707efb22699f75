import { isServerAuthenticator, type ServerAuthenticator } from '../../component/authenticator.ts';
import { sleep, type Timer } from '../../component/clock.ts';
import type { Intake, Receiver } from '../../component/component.ts';
import { ConfigError } from '../../component/errors.ts';
import type { Host, Settings } from '../../component/host.ts';
import { SilenceWatch } from '../../component/silence-watch.ts';
import type { AuthConfig } from '../../config/auth.ts';
import { formatEndpoint } from '../../config/endpoint.ts';
import type { ServerTlsConfig } from '../../config/tls.ts';
import { Complaints } from './complaints.ts';
import { type OtlpReceiverConfig, validateOtlpReceiver } from './config.ts';
import type { GrpcListener } from './grpc-server.ts';
import { HttpListener, type ListenerParts } from './http-server.ts';
import { InFlight } from './in-flight.ts';
import { LogsService } from './logs-service.ts';
import { ResendMemory } from './resend-memory.ts';
import { createOtlpTelemetry, type OtlpTelemetry } from './telemetry.ts';
import { ReloadingTls } from './tls-reload.ts';

/** Takes OTLP logs over HTTP and gRPC and answers when what they led to is safe. */
export class OtlpReceiver implements Receiver {
  /** Ports that are listened on, once started. */
  readonly ports: { http?: number; grpc?: number } = {};
  private readonly settings: Settings;
  private readonly config: OtlpReceiverConfig;
  private readonly inFlight: InFlight;
  private readonly telemetry: OtlpTelemetry;
  private readonly complaints: Complaints;
  private readonly memory: ResendMemory;
  private readonly service: LogsService;
  private readonly listeners: (HttpListener | GrpcListener)[] = [];
  private readonly certificates: ReloadingTls[] = [];
  private host: Host | undefined;
  private silence: SilenceWatch | undefined;
  private silenceTimer: Timer | undefined;
  private stopped: Promise<void> | undefined;

  constructor(settings: Settings, config: OtlpReceiverConfig, next: Intake) {
    this.settings = settings;
    this.config = config;
    this.inFlight = new InFlight(config.max_in_flight_requests, config.max_in_flight_size);
    this.telemetry = createOtlpTelemetry(settings.meter, settings.id, this.inFlight);
    this.complaints = new Complaints(settings.logger, settings.clock);
    this.memory = new ResendMemory(`receiver/${settings.id}`, config.resend, settings.clock);
    const { telemetry, complaints, memory } = this;
    const seen = (host: string) => this.silence?.seen(host);
    this.service = new LogsService({ settings, next, trusted: config.trusted, memory, telemetry, complaints, seen });
  }

  async start(host: Host): Promise<void> {
    this.host = host;
    const [problem] = validateOtlpReceiver(this.config);
    if (problem !== undefined) throw new ConfigError(`${this.settings.id}: ${problem}`);
    const unreadable = this.memory.load(host.store());
    if (unreadable > 0) {
      this.settings.logger.warn({ entries: unreadable }, 'remembered requests that cannot be read were forgotten');
    }
    const { http, grpc } = this.config.protocols;
    try {
      if (http) {
        const listener = new HttpListener(http, this.listenerParts(host, 'http', http));
        this.ports.http = await listener.listen();
        this.listeners.push(listener);
        this.announce('http', http.endpoint.host, this.ports.http);
      }
      if (grpc) {
        // Its library is most of what this receiver takes to load.
        const { GrpcListener: Listener } = await import('./grpc-server.ts');
        const listener = new Listener(grpc, this.listenerParts(host, 'grpc', grpc), this.settings.clock);
        this.ports.grpc = await listener.listen();
        this.listeners.push(listener);
        this.announce('grpc', grpc.endpoint.host, this.ports.grpc);
      }
    } catch (error) {
      await this.shutdown();
      throw error;
    }
    this.watchSilence(host);
    host.reportStatus(this.settings.id, { state: 'ok' });
  }

  private watchSilence(host: Host): void {
    const { settings, config } = this;
    if (!config.expect_every) return;
    const silence = new SilenceWatch(settings, host, config.expect_every);
    silence.seen(settings.id);
    const look = () => {
      silence.check();
      this.silenceTimer = settings.clock.setTimeout(look, silence.interval);
    };
    this.silence = silence;
    look();
  }

  /** Requests in flight end within `shutdown_timeout`; then their connections are closed. */
  shutdown(): Promise<void> {
    this.stopped ??= this.stop();
    return this.stopped;
  }

  private async stop(): Promise<void> {
    this.silenceTimer?.cancel();
    this.silence?.close();
    for (const certificate of this.certificates) certificate.stop();
    for (const listener of this.listeners) listener.stop();
    const done = new AbortController();
    const calls = this.listeners.map((listener) => ('drained' in listener ? listener.drained : undefined));
    const idle = Promise.all([this.inFlight.idle(), ...calls]).then(() => true);
    const late = sleep(this.settings.clock, this.config.shutdown_timeout, done.signal).then(() => false);
    const finished = await Promise.race([idle, late]);
    done.abort();
    if (!finished) {
      const requests = this.inFlight.requests;
      this.settings.logger.warn(
        { requests },
        'requests in flight did not end in time; their senders will send them again',
      );
    }
    await Promise.all(this.listeners.map((listener) => listener.close()));
    this.host?.reportStatus(this.settings.id, { state: 'stopped' });
  }

  private listenerParts(
    host: Host,
    protocol: string,
    { tls, auth }: { tls?: ServerTlsConfig | undefined; auth?: AuthConfig | undefined },
  ): ListenerParts {
    const { service, inFlight, telemetry, complaints, settings } = this;
    const parts: ListenerParts = { service, inFlight, telemetry, complaints };
    if (auth) parts.authenticator = this.authenticator(host, protocol, auth);
    if (tls) {
      parts.tls = new ReloadingTls(tls, settings);
      this.certificates.push(parts.tls);
    }
    return parts;
  }

  private authenticator(host: Host, protocol: string, { authenticator: id }: AuthConfig): ServerAuthenticator {
    const extension = host.extension(id);
    if (isServerAuthenticator(extension)) return extension;
    const what = extension ? 'cannot check who sends' : 'is not among service.extensions';
    throw new ConfigError(`${this.settings.id}: protocols.${protocol}.auth.authenticator: "${id}" ${what}`);
  }

  private announce(protocol: string, host: string, port: number): void {
    this.settings.logger.info({ protocol, endpoint: formatEndpoint({ host, port }) }, 'OTLP receiver listens');
  }
}
