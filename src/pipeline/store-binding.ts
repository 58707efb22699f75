import { ConfigError } from '../component/errors.ts';
import type { StateStore } from '../component/state-store.ts';

/**
 * The store of pipelines that are joined. What one batch leads to is one commit, so all components on its way must
 * keep their state in the same store: the first one to ask decides, and another answer is an error of the configuration.
 */
export class StoreBinding {
  #store: StateStore | undefined;
  #owner = '';

  get store(): StateStore | undefined {
    return this.#store;
  }

  /** @throws ConfigError where a component that is joined with this one has another store */
  bind(store: StateStore, component: string): void {
    if (this.#store === undefined) {
      this.#store = store;
      this.#owner = component;
    } else if (this.#store !== store) {
      throw new ConfigError(
        `storage: ${this.#owner} is in a pipeline with ${component} and keeps its state in another store; ` +
          'components that pipelines join need the same one, since a batch is stored as a whole',
      );
    }
  }
}
