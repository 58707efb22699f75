import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../component/errors.ts';
import type { Settings } from '../component/host.ts';

const CHECK_INTERVAL_MS = 1000;

/**
 * A small file (a secret) that may be replaced while the process runs. It is looked at when its value is asked for, at
 * most once a second. A new content that cannot be used is reported, and the old value stays.
 */
export class WatchedFile<T> {
  private readonly path: string;
  private readonly name: string;
  private readonly parse: (text: string) => T;
  private readonly settings: Settings;
  private current: T;
  private version: string;
  private checked: number;

  /**
   * @param name path as in the configuration
   * @throws ConfigError where it cannot be read or used
   */
  constructor(name: string, parse: (text: string) => T, settings: Settings) {
    this.name = name;
    this.path = resolve(settings.baseDir, name);
    this.parse = parse;
    this.settings = settings;
    this.checked = settings.clock.now();
    try {
      this.version = versionOf(this.path);
      this.current = parse(readFileSync(this.path, 'utf8'));
    } catch (cause) {
      throw new ConfigError(`${settings.id}: ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }

  get value(): T {
    const now = this.settings.clock.now();
    if (Math.abs(now - this.checked) >= CHECK_INTERVAL_MS) {
      this.checked = now;
      this.refresh();
    }
    return this.current;
  }

  private refresh(): void {
    try {
      const version = versionOf(this.path);
      if (version === this.version) return;
      this.version = version;
      this.current = this.parse(readFileSync(this.path, 'utf8'));
      this.settings.logger.info({ file: this.name }, 'file read again');
    } catch (error) {
      this.settings.logger.warn({ file: this.name, error }, 'file cannot be used, the old content stays in use');
    }
  }
}

function versionOf(path: string): string {
  const { dev, ino, size, mtimeMs } = statSync(path);
  return `${dev}:${ino}:${size}:${mtimeMs}`;
}
