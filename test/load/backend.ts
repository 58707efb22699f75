import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Takes every OTLP/HTTP request, on a thread of its own: it must not be slow because events are being made. */
export class LoadBackend {
  readonly #thread = new Worker(new URL('./backend-thread.ts', import.meta.url));

  /** Resolves with its port. */
  async listen(): Promise<number> {
    const [port] = (await once(this.#thread, 'message')) as [number];
    return port;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
