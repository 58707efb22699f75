import type { ComponentStatus, Health } from '../component/host.ts';

type State = ComponentStatus['state'];

/** From best to worst. What has stopped says nothing about the health of what runs. */
const ORDER: readonly State[] = ['stopped', 'ok', 'starting', 'recoverable_error', 'permanent_error'];

export class StatusBoard {
  readonly #statuses = new Map<string, ComponentStatus>();
  readonly #onChange: (name: string, status: ComponentStatus) => void;

  /** `onChange` hears of every report that differs from the one before. */
  constructor(onChange: (name: string, status: ComponentStatus) => void = () => {}) {
    this.#onChange = onChange;
  }

  report(name: string, status: ComponentStatus): void {
    const before = this.#statuses.get(name);
    if (before?.state === status.state && before.reason === status.reason) return;
    this.#statuses.set(name, status);
    this.#onChange(name, status);
  }

  get(name: string): ComponentStatus | undefined {
    return this.#statuses.get(name);
  }

  health(): Health {
    let state: State = 'stopped';
    for (const status of this.#statuses.values()) {
      if (ORDER.indexOf(status.state) > ORDER.indexOf(state)) state = status.state;
    }
    return { state, components: new Map(this.#statuses) };
  }
}
