import type { Command } from 'commander';
import type { CliIo, ExitCode } from './io.ts';

/** Registers the commands of a family; `run` is what each of them does, and gives the exit code. */
export interface Registry {
  readonly program: Command;
  readonly io: CliIo;
  action<Arguments extends unknown[]>(
    run: (...args: Arguments) => Promise<ExitCode>,
  ): (...args: Arguments) => Promise<void>;
}
