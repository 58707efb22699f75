import { parentPort, workerData } from 'node:worker_threads';
import { errorText, isCorruption, openDatabase } from './database.ts';
import type { PackedCommit } from './packed-changes.ts';
import { unpackCommit } from './packed-changes.ts';
import { Writer } from './writer.ts';

/** What the main thread asks for. */
export type WriterRequest = { type: 'commit'; commits: PackedCommit[] } | { type: 'close' };

/** The answer to a `commit`: for each one null, or why it is not stored. */
export interface WriterReply {
  errors: (WriteFault | null)[];
}

export interface WriterData {
  path: string;
  /** Shared memory with a number for each commit of a request, set to 1 once it is on disk: it outlives this thread. */
  stored: Int32Array;
}

export interface WriteFault {
  message: string;
  corrupt: boolean;
}

/**
 * Entry of the thread that writes: waiting for the disk must not hold up the evaluation of events. Reads stay on the
 * main thread, on a connection of their own.
 */
function main(): void {
  const port = parentPort;
  if (!port) throw new Error('this module runs as a worker thread only');
  const { path, stored } = workerData as WriterData;
  const db = openDatabase(path);
  const writer = new Writer(db);
  port.on('message', (request: WriterRequest) => {
    if (request.type === 'close') {
      db.close();
      port.close();
      return;
    }
    const commits = request.commits.map(unpackCommit);
    const errors = writer.apply(commits, (index) => Atomics.store(stored, index, 1));
    const reply: WriterReply = {
      errors: errors.map((error) =>
        error === undefined ? null : { message: errorText(error), corrupt: isCorruption(error) },
      ),
    };
    port.postMessage(reply);
    for (const { data } of request.commits) data.transfer(0);
  });
}

main();
