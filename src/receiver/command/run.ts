import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../component/clock.ts';
import { ByteLimit } from './byte-limit.ts';
import { endGroup, groupIsAlive, killAtExit, signalGroup } from './process-group.ts';

/** One command, ready to be started. */
export interface CommandSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  /** Bytes kept of standard output and of standard error; more output than that ends the run. */
  readonly maxOutput: number;
  readonly maxStderr: number;
}

export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'not_started'; readonly reason: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'truncated' }
  /** The command ended, but a process it started in the background still held its output open. */
  | { readonly kind: 'left_behind' }
  /** Stopped because the receiver shuts down. */
  | { readonly kind: 'cancelled' };

export interface RunResult {
  readonly outcome: Outcome;
  /** At most `maxOutput` and `maxStderr` bytes. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** Bytes seen, kept or not. */
  readonly stderrBytes: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Set when not even SIGKILL ended it (a process in uninterruptible sleep): resolves when it is gone at last. */
  readonly stuck?: Promise<void>;
}

/** How long output may stay open after the command itself has ended. */
const DRAIN_MS = 2000;

/**
 * Runs a command in a process group of its own and never rejects. Standard input is empty. On timeout, too much output or
 * abort the whole group gets SIGTERM and, after the grace time, SIGKILL; whatever the command leaves running is ended too.
 */
export function runCommand(spec: CommandSpec, clock: Clock, signal: AbortSignal): Promise<RunResult> {
  return new Promise((resolve) => new Run(spec, clock, signal, resolve).start());
}

class Run {
  readonly #spec: CommandSpec;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #resolve: (result: RunResult) => void;
  readonly #stdout: ByteLimit;
  readonly #stderr: ByteLimit;
  readonly #startedAt: number;
  readonly #timers = new Set<Timer>();
  #child: ChildProcess | undefined;
  #stopped: 'timed_out' | 'truncated' | 'left_behind' | 'cancelled' | undefined;
  #exit: { code: number | null; signal: string | null } | undefined;
  #finished = false;
  #spare = () => {};
  #endedAt: number | undefined;

  constructor(spec: CommandSpec, clock: Clock, signal: AbortSignal, resolve: (result: RunResult) => void) {
    this.#spec = spec;
    this.#clock = clock;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#stdout = new ByteLimit(spec.maxOutput);
    this.#stderr = new ByteLimit(spec.maxStderr);
    this.#startedAt = clock.now();
  }

  start(): void {
    if (this.#signal.aborted) {
      this.#finish({ kind: 'cancelled' });
      return;
    }
    const { file, args, cwd, env, uid, gid } = this.#spec;
    let child: ChildProcess;
    try {
      child = spawn(file, args, { cwd, env, uid, gid, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      this.#finish({ kind: 'not_started', reason: this.#explain(error) });
      return;
    }
    this.#child = child;
    if (child.pid !== undefined) this.#spare = killAtExit(child.pid);
    child.on('error', (error) => {
      if (child.pid === undefined) this.#finish({ kind: 'not_started', reason: this.#explain(error) });
    });
    child.on('exit', (code, exitSignal) => this.#onExit(code, exitSignal));
    child.on('close', () => this.#onClose());
    this.#read(child.stdout, (chunk) => {
      if (!this.#stdout.add(chunk)) this.#stop('truncated');
    });
    this.#read(child.stderr, (chunk) => this.#stderr.add(chunk));
    this.#after(this.#spec.timeoutMs, () => this.#stop('timed_out'));
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  #onAbort = () => this.#stop('cancelled');

  #read(stream: Readable | null, onData: (chunk: Buffer) => void): void {
    stream?.on('data', onData);
    // A broken pipe ends the stream like its end does; the outcome is told by the exit.
    stream?.on('error', () => {});
  }

  /** Ends the whole group; the first reason is the one that is reported. */
  #stop(reason: 'timed_out' | 'truncated' | 'left_behind' | 'cancelled'): void {
    const pid = this.#child?.pid;
    if (this.#stopped !== undefined || this.#finished || pid === undefined) return;
    this.#stopped = reason;
    signalGroup(pid, 'SIGTERM');
    this.#after(this.#spec.killGraceMs, () => {
      signalGroup(pid, 'SIGKILL');
      this.#after(this.#spec.killGraceMs, () => this.#giveUp());
    });
  }

  #onExit(code: number | null, signal: string | null): void {
    if (this.#finished) return;
    this.#exit = { code, signal };
    this.#endedAt = this.#clock.now();
    if (this.#stopped !== undefined) {
      this.#closeSoon();
      return;
    }
    this.#after(DRAIN_MS, () => {
      this.#stop('left_behind');
      this.#closeSoon();
    });
  }

  /** The group has been told to end and its leader is gone: nothing that it still prints is waited for. */
  #closeSoon(): void {
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
  }

  #onClose(): void {
    const pid = this.#child?.pid;
    if (this.#finished || pid === undefined) return;
    this.#cancelTimers();
    const outcome = this.#outcome();
    // At a shutdown nobody waits for stragglers: the command itself has had its SIGTERM and is gone.
    if (this.#stopped === 'cancelled') signalGroup(pid, 'SIGKILL');
    else if (groupIsAlive(pid)) {
      void endGroup(pid, this.#clock, this.#spec.killGraceMs, this.#signal).then(() => this.#finish(outcome));
      return;
    }
    this.#finish(outcome);
  }

  #outcome(): Outcome {
    if (this.#stopped !== undefined) return { kind: this.#stopped };
    const { code, signal } = this.#exit ?? { code: null, signal: 'unknown' };
    return code === null ? { kind: 'killed', signal: signal ?? 'unknown' } : { kind: 'exited', code };
  }

  #giveUp(): void {
    const child = this.#child;
    if (child === undefined || this.#exit !== undefined) return;
    const stuck = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#closeSoon();
    child.unref();
    this.#finish({ kind: this.#stopped ?? 'timed_out' }, stuck);
  }

  #finish(outcome: Outcome, stuck?: Promise<void>): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#cancelTimers();
    void (stuck ?? Promise.resolve()).then(this.#spare);
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#resolve({
      outcome,
      stdout: this.#stdout.bytes(),
      stderr: this.#stderr.bytes(),
      stderrBytes: this.#stderr.seen,
      startedAt: this.#startedAt,
      durationMs: Math.max(0, (this.#endedAt ?? this.#clock.now()) - this.#startedAt),
      stuck,
    });
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** The system says "no such file" for a missing working directory as well. */
  #explain(error: unknown): string {
    const { cwd, file } = this.#spec;
    if (!isDirectory(cwd)) return `working directory ${cwd} does not exist`;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return `${file} not found`;
    if (code === 'EACCES') return `${file} may not be executed`;
    return error instanceof Error ? error.message : String(error);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
