import { parentPort, workerData } from 'node:worker_threads';
import { growWorkerHeap, releaseHeap } from '../../../heap.ts';
import { type Activity, ActivityCells } from './activity.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { ShardEngine } from './shard-engine.ts';

/** Milliseconds that numbers of rules are added up before they are told. */
const TELL_EVERY = 1000;

const port = parentPort;
if (!port) throw new Error('this is the program of a worker thread');
growWorkerHeap();
const start = workerData as WorkerStart;
const activity = new ActivityCells(start.activity);
const engine = new ShardEngine(start);
let isTelling = false;
activity.noteHeap();

const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

function tellLater(): void {
  if (isTelling) return;
  isTelling = true;
  setTimeout(() => {
    isTelling = false;
    activity.noteHeap();
    tell({ kind: 'rules', numbers: engine.takeRules() });
  }, TELL_EVERY);
}

const ACTIVITY: Readonly<Record<ToWorker['kind'], Activity>> = {
  records: 'evaluating',
  prepare: 'compiling',
  use: 'changing rules',
  lists: 'changing lists',
  restore: 'restoring its state',
  confirm: 'confirming',
};

port.on('message', (message: ToWorker) => {
  activity.begin(ACTIVITY[message.kind]);
  receive(message);
  activity.end();
});

// Whoever sent it waits for an answer: the end of the thread is one.
port.on('messageerror', (error) => {
  throw new Error('a message to the worker cannot be read', { cause: error });
});

function receive(message: ToWorker): void {
  switch (message.kind) {
    case 'records':
      try {
        const outcome = engine.evaluate(message.message, message.nowMs, message.isLast);
        tell({ kind: 'outcome', message: outcome }, [outcome]);
        // Given back at once: it is no part of the heap, whose collection would take it.
        message.message.transfer(0);
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
      activity.noteHeap();
      return;
    // What goes wrong from here on leaves the engine in between: the thread ends, and another one starts afresh.
    case 'use':
      engine.use(message.counts);
      releaseHeap();
      activity.noteHeap();
      return;
    case 'lists':
      engine.replaceLists(message.lists);
      return;
    case 'restore':
      engine.restore(message.rows);
      return;
    case 'confirm':
      engine.confirm();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
