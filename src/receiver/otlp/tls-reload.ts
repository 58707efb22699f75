import type { SecureContextOptions } from 'node:tls';
import type { Timer } from '../../component/clock.ts';
import type { Settings } from '../../component/host.ts';
import { loadServerTls, type ServerTlsConfig } from '../../config/tls.ts';

export type ServerTls = SecureContextOptions & { requestCert: boolean };

/** The certificate of a listener, read again every `reload_interval`. A set that cannot be used changes nothing. */
export class ReloadingTls {
  current: ServerTls;
  private readonly config: ServerTlsConfig;
  private readonly settings: Settings;
  private readonly listeners: ((tls: ServerTls) => void)[] = [];
  private timer: Timer | undefined;

  /** @throws ConfigError where the files cannot be used */
  constructor(config: ServerTlsConfig, settings: Settings) {
    this.config = config;
    this.settings = settings;
    this.current = loadServerTls(config, settings.baseDir);
    this.schedule();
  }

  onChange(listener: (tls: ServerTls) => void): void {
    this.listeners.push(listener);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private schedule(): void {
    const { reload_interval: interval } = this.config;
    if (!interval) return;
    this.timer = this.settings.clock.setTimeout(() => {
      this.reload();
      this.schedule();
    }, interval);
  }

  private reload(): void {
    try {
      const loaded = loadServerTls(this.config, this.settings.baseDir);
      if (isSame(loaded, this.current)) return;
      this.current = loaded;
      for (const listener of this.listeners) listener(loaded);
      this.settings.logger.info({ cert_file: this.config.cert_file }, 'certificate reloaded');
    } catch (error) {
      this.settings.logger.warn({ error }, 'certificate not reloaded, the old one stays in use');
    }
  }
}

function isSame(one: ServerTls, other: ServerTls): boolean {
  return (['cert', 'key', 'ca'] as const).every((name) => String(one[name] ?? '') === String(other[name] ?? ''));
}
