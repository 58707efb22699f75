import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../support/hids.ts';
import { IoFaults } from './io-fault.ts';
import type { Stage } from './stage.ts';

const execute = promisify(execFile);

/** How long a start, an end or a return to life may take, in milliseconds: far more than a healthy one does. */
export const ALIVE_WITHIN_MS = 30_000;
const PAUSE_BETWEEN_STARTS_MS = 200;
const KEPT_OUTPUT = 100_000;

/** The real program in a process of its own, started again as a service manager would. */
export class Program {
  /** What must not happen and did. */
  readonly violations: string[] = [];
  starts = 0;
  failedStarts = 0;
  /** Milliseconds from the start of the process to its readiness, the slowest of all. */
  slowestStart = 0;
  slowestEnd = 0;
  /** A start may fail while the disk is full: the service manager tries again. */
  startMayFail = false;
  readonly io: IoFaults;
  readonly #stage: Stage;
  readonly #entry: string;
  readonly #logFile: string;
  readonly #clockFile: string;
  #child: ChildProcess | undefined;
  #output = '';
  /** Of the process that runs: its end was asked for. */
  #expected = false;

  constructor(stage: Stage, entry: string) {
    this.#stage = stage;
    this.#entry = entry;
    this.#logFile = join(stage.folder, 'program.out');
    this.#clockFile = join(stage.folder, 'clock-offset');
    writeFileSync(this.#clockFile, '0');
    this.io = new IoFaults(join(stage.folder, 'io-faults'), stage.dataDir);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What the running process printed. */
  output(): string {
    return this.#output;
  }

  /** Starts until one start succeeds. */
  async start(): Promise<void> {
    const end = Date.now() + ALIVE_WITHIN_MS;
    for (;;) {
      if (await this.#startOnce()) return;
      this.failedStarts++;
      if (!this.startMayFail) this.violations.push(`did not start:\n${this.#output.slice(-3000)}`);
      if (!this.startMayFail || Date.now() > end) throw new Error('the program did not start');
      await pause(PAUSE_BETWEEN_STARTS_MS);
    }
  }

  /** SIGKILL: no chance to do anything. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: must drain and exit with 0. */
  async terminate(): Promise<void> {
    const started = Date.now();
    const code = await this.#end('SIGTERM');
    this.slowestEnd = Math.max(this.slowestEnd, Date.now() - started);
    if (code !== 0) this.violations.push(`exit status after SIGTERM: ${code}\n${this.#output.slice(-3000)}`);
  }

  /** SIGTERM twice: must end at once, whatever is under way. */
  async terminateTwice(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#expected = true;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    // Two signals that wait are one.
    const end = Date.now() + ALIVE_WITHIN_MS;
    while (!this.#output.includes('"msg":"draining"') && child.exitCode === null && Date.now() < end) await pause(2);
    const started = Date.now();
    child.kill('SIGTERM');
    await this.#within(closed, 3000, 'did not end at once after the second SIGTERM');
    this.slowestEnd = Math.max(this.slowestEnd, Date.now() - started);
  }

  /** SIGHUP; resolves when the program has said what came of it. */
  async reload(): Promise<'reloaded' | 'refused'> {
    const before = countReloads(this.#output);
    this.#child?.kill('SIGHUP');
    const end = Date.now() + ALIVE_WITHIN_MS;
    for (;;) {
      const now = countReloads(this.#output);
      if (now.refused > before.refused) return 'refused';
      if (now.reloaded > before.reloaded) return 'reloaded';
      if (this.#child?.exitCode !== null || Date.now() > end) {
        this.violations.push('no answer to SIGHUP');
        throw new Error('no answer to SIGHUP');
      }
      await pause(10);
    }
  }

  /** Bounds a file's size below what it has now, so that writes are short and then fail; undefined lifts it. */
  async limitFileSize(bytes: number | undefined): Promise<void> {
    await this.#limit('fsize', bytes);
  }

  /** Leaves this many file descriptors to be opened; undefined lifts it. */
  async limitDescriptors(free: number | undefined): Promise<void> {
    if (free === undefined) return this.#limit('nofile', 4096);
    const open = readdirSync(`/proc/${this.pid}/fd`).map(Number);
    await this.#limit('nofile', Math.max(...open) + 1 + free);
  }

  /** The program's clock jumps; timers go on as they do when NTP sets a clock. */
  setClock(offsetMs: number): void {
    writeFileSync(this.#clockFile, String(offsetMs));
    this.#child?.kill('SIGUSR2');
  }

  /** Bytes of the store's log: writes go to its end. */
  logSize(): number {
    const path = join(this.#stage.dataDir, 'state.db-wal');
    return existsSync(path) ? statSync(path).size : 0;
  }

  async #limit(resource: string, value: number | undefined): Promise<void> {
    const text = value === undefined ? 'unlimited' : String(value);
    await execute('prlimit', ['--pid', String(this.pid), `--${resource}=${text}:`]).catch((error: unknown) => {
      // It may be gone already.
      if (this.#child?.exitCode === null && this.#child.signalCode === null) throw error;
    });
  }

  async #startOnce(): Promise<boolean> {
    const args = ['--import', join(ROOT, 'test/chaos/set-clock.ts'), join(ROOT, this.#entry)];
    args.push('run', '--config', this.#stage.configFile, '--data-dir', this.#stage.dataDir);
    const env = { ...process.env, ...this.io.env, OTEL_HIDS_TEST_CLOCK: this.#clockFile };
    const started = Date.now();
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#output = '';
    this.#expected = false;
    this.starts++;
    let signalReady = () => {};
    const ready = new Promise<void>((resolve) => {
      signalReady = resolve;
    });
    let running = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
        appendFileSync(this.#logFile, text);
        if (!running && this.#output.includes('"msg":"running"')) {
          running = true;
          signalReady();
        }
      });
    }
    const exited = once(child, 'exit');
    child.on('exit', (code, signal) => {
      appendFileSync(this.#logFile, `--- exit ${code ?? signal}\n`);
      if (running && !this.#expected && this.#child === child) {
        this.violations.push(`ended by itself (${code ?? signal}):\n${this.#output.slice(-3000)}`);
      }
    });
    await this.#within(Promise.race([ready, exited]), ALIVE_WITHIN_MS, 'neither ready nor ended in time');
    this.slowestStart = Math.max(this.slowestStart, Date.now() - started);
    return running;
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    this.#expected = true;
    // Not before its last words have been read.
    const closed = once(child, 'close');
    child.kill(signal);
    await this.#within(closed, ALIVE_WITHIN_MS, `did not end after ${signal}`);
    return child.exitCode;
  }

  async #within(done: Promise<unknown>, ms: number, complaint: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), ms);
    });
    const outcome = await Promise.race([done, late]);
    clearTimeout(timer);
    if (outcome !== 'late') return;
    this.violations.push(`${complaint}:\n${this.#output.slice(-3000)}`);
    this.#expected = true;
    const closed = this.#child && once(this.#child, 'close');
    this.#child?.kill('SIGKILL');
    await closed;
    throw new Error(complaint);
  }
}

function countReloads(output: string): { reloaded: number; refused: number } {
  return {
    reloaded: output.split('"msg":"reloaded"').length,
    refused: output.split('"msg":"reload refused').length,
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
