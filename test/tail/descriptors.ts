import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { isMainThread } from 'node:worker_threads';

/** Why this process cannot be left without file descriptors; undefined where it can. */
export function whyNoLimit(): string | undefined {
  if (!isMainThread) return 'tests run in threads of one process';
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'prlimit (util-linux) is missing';
  }
}

/** Takes all file descriptors away from this process, and gives them back. What is open stays open. */
export class Descriptors {
  readonly #shell: ChildProcess;

  private constructor(shell: ChildProcess) {
    this.#shell = shell;
  }

  static async create(): Promise<Descriptors> {
    const script = `while read -r limit; do prlimit --pid ${process.pid} --nofile="$limit": && echo done; done`;
    const shell = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(shell, 'spawn');
    return new Descriptors(shell);
  }

  /** Nothing can be opened from now on. */
  exhaust(): Promise<void> {
    return this.#limit(3);
  }

  restore(): Promise<void> {
    return this.#limit(4096);
  }

  async close(): Promise<void> {
    await this.restore();
    this.#shell.stdin?.end();
    await once(this.#shell, 'exit');
  }

  async #limit(count: number): Promise<void> {
    const answered = once(this.#shell.stdout as NodeJS.EventEmitter, 'data');
    this.#shell.stdin?.write(`${count}\n`);
    await answered;
  }
}
