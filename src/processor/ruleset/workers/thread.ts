import { parentPort, workerData } from 'node:worker_threads';
import { growWorkerHeap } from '../../../heap.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { ShardEngine } from './shard-engine.ts';

/** Milliseconds that numbers of rules are added up before they are told. */
const TELL_EVERY = 1000;

const port = parentPort;
if (!port) throw new Error('this is the program of a worker thread');
growWorkerHeap();
const engine = new ShardEngine(workerData as WorkerStart);
let isTelling = false;

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

function tellLater(): void {
  if (isTelling) return;
  isTelling = true;
  setTimeout(() => {
    isTelling = false;
    tell({ kind: 'rules', numbers: engine.takeRules() });
  }, TELL_EVERY);
}

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'records':
      try {
        const outcome = engine.evaluate(message.message, message.nowMs, message.isLast);
        tell({ kind: 'outcome', message: outcome }, [outcome]);
      } catch (error) {
        tell({ kind: 'failed', error: textOf(error) });
      }
      tellLater();
      return;
    case 'prepare':
      try {
        engine.prepare(message.content);
        tell({ kind: 'prepared' });
      } catch (error) {
        tell({ kind: 'prepared', error: textOf(error) });
      }
      return;
    // What goes wrong from here on leaves the engine in between: the thread ends, and another one starts afresh.
    case 'use':
      return engine.use(message.counts);
    case 'lists':
      return engine.replaceLists(message.lists);
    case 'restore':
      return engine.restore(message.rows);
    case 'confirm':
      return engine.confirm();
  }
});

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
