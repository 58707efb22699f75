import type { Readable, Writable } from 'node:stream';

/** What a command may touch of the process; tests give their own. */
export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** 0: fine; 1: what was asked for is in error; 2: asked in a way that is not understood, or not built yet. */
export type ExitCode = 0 | 1 | 2;

/** Writes and waits while the reader is behind; a reader that has gone away (`| head`) ends the command quietly. */
export function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}
