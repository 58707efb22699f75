import { readFileSync } from 'node:fs';

const EVERY_MS = 250;

/** Resident memory of a process over time; Linux. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #samples: number[] = [];
  peak = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#sample(), EVERY_MS);
  }

  /** Bytes: the median of the last third since the last call, so that one collection of garbage more or less is nothing. */
  take(): number {
    if (this.#samples.length === 0) this.#sample();
    const last = this.#samples.slice(-Math.ceil(this.#samples.length / 3)).sort((a, b) => a - b);
    this.#samples = [];
    return last[last.length >> 1]!;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    const bytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    this.#samples.push(bytes);
    this.peak = Math.max(this.peak, bytes);
  }
}

/** User and system seconds that a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
