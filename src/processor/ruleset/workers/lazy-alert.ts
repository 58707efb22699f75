import type { Alert, AlertRule } from '../../../pdata/alert.ts';

/** A decision that is read when somebody looks at it: only exporters that print the originals' formats ever do. */
export class LazyAlert implements Alert {
  #read: (() => Alert) | undefined;
  #alert: Alert | undefined;

  constructor(read: () => Alert) {
    this.#read = read;
  }

  get whole(): Alert {
    if (this.#read) {
      this.#alert = this.#read();
      this.#read = undefined;
    }
    return this.#alert!;
  }

  get time(): number {
    return this.whole.time;
  }
  get uid(): string {
    return this.whole.uid;
  }
  get rule(): AlertRule | undefined {
    return this.whole.rule;
  }
  get agent(): Alert['agent'] {
    return this.whole.agent;
  }
  get hostname(): string {
    return this.whole.hostname;
  }
  get location(): string {
    return this.whole.location;
  }
  get fullLog(): string {
    return this.whole.fullLog;
  }
  get predecoder(): Alert['predecoder'] {
    return this.whole.predecoder;
  }
  get decoder(): Alert['decoder'] {
    return this.whole.decoder;
  }
  get data(): Alert['data'] {
    return this.whole.data;
  }
  get previousOutput(): readonly string[] {
    return this.whole.previousOutput;
  }
  get previousLog(): string | undefined {
    return this.whole.previousLog;
  }
  get delta(): string | undefined {
    return this.whole.delta;
  }
}
