import { parentPort } from 'node:worker_threads';

/** The real writing thread, but for its answers: it ends where it should give the first one. */
if (parentPort) {
  parentPort.postMessage = () => {
    throw new Error('no memory left for the answer');
  };
}
await import('../../../src/storage/sqlite/writer-thread.ts');
