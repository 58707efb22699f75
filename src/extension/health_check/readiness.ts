import type { Clock } from '../../component/clock.ts';
import type { ComponentStatus, Health } from '../../component/host.ts';
import type { HealthCheckConfig } from './config.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Components that keep it from being ready, with what they say. */
  readonly reasons: ReadonlyMap<string, ComponentStatus>;
}

/** Decides whether what runs is ready; remembers since when each recoverable error has lasted. */
export class ReadinessCheck {
  readonly #config: HealthCheckConfig['component_health'];
  readonly #clock: Clock;
  readonly #errorSince = new Map<string, number>();

  constructor(config: HealthCheckConfig['component_health'], clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  judge({ components }: Health): Readiness {
    const reasons = new Map<string, ComponentStatus>();
    const now = this.#clock.now();
    for (const [name, status] of components) {
      if (status.state !== 'recoverable_error') this.#errorSince.delete(name);
      else if (!this.#errorSince.has(name)) this.#errorSince.set(name, now);
      if (this.#hinders(name, status, now)) reasons.set(name, status);
    }
    return { ready: reasons.size === 0, reasons };
  }

  #hinders(name: string, { state }: ComponentStatus, now: number): boolean {
    const { include_permanent_errors, include_recoverable_errors, recovery_duration } = this.#config;
    if (state === 'ok') return false;
    if (state === 'permanent_error') return include_permanent_errors;
    if (state !== 'recoverable_error') return true;
    return include_recoverable_errors && now - (this.#errorSince.get(name) ?? now) >= recovery_duration;
  }
}
