import { PassThrough, Writable } from 'node:stream';
import { runCli } from '../../src/cli/program.ts';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

class Collector extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs a command line in this process. */
export async function cli(
  argv: readonly string[],
  input: string | Buffer = '',
  env: Record<string, string> = {},
): Promise<CliResult> {
  const stdin = new PassThrough();
  stdin.end(input);
  const stdout = new Collector();
  const stderr = new Collector();
  const code = await runCli(argv, { stdin, stdout, stderr, env });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
