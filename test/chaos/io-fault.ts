import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/hids.ts';

/** In the order of `enum fault` in `io-fault.c`, from 1 on. */
export const IO_FAULTS = ['writes fail', 'writes are short', 'syncs fail', 'all fail'] as const;
export type IoFaultKind = (typeof IO_FAULTS)[number];

let layer: { library: string } | { reason: string } | undefined;

/** Why the system's calls cannot be made to fail here; undefined where they can. */
export function whyNoIoFaults(): string | undefined {
  layer ??= build();
  return 'reason' in layer ? layer.reason : undefined;
}

/** Built once, and removed at the end of this process. */
function build(): { library: string } | { reason: string } {
  if (process.platform !== 'linux') return { reason: 'input and output errors are injected on Linux only' };
  const folder = mkdtempSync(join(tmpdir(), 'otel-hids-io-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'io-fault.so');
  try {
    const source = join(ROOT, 'test/chaos/io-fault.c');
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'pipe' });
  } catch (error) {
    return { reason: `no C compiler builds the layer that injects errors: ${(error as Error).message.split('\n')[0]}` };
  }
  const { stderr } = spawnSync('true', { env: { ...process.env, LD_PRELOAD: library }, encoding: 'utf8' });
  return stderr === '' ? { library } : { reason: `the layer that injects errors is not loaded: ${stderr.trim()}` };
}

/** Lets writes and syncs of one process's files below a folder fail. */
export class IoFaults {
  /** What the process needs in its environment. */
  readonly env: Record<string, string>;
  readonly #control: string;

  constructor(control: string, folder: string) {
    this.#control = control;
    writeFileSync(control, Buffer.alloc(16));
    const missing = whyNoIoFaults();
    this.env =
      missing === undefined && layer && 'library' in layer
        ? { LD_PRELOAD: layer.library, OTEL_HIDS_TEST_IO: control, OTEL_HIDS_TEST_IO_FOLDER: folder }
        : {};
  }

  /** Calls of fsync and fdatasync so far, successful or not. */
  get syncs(): number {
    return Number(readFileSync(this.#control).readBigUInt64LE(8));
  }

  /** `passing`: so many calls succeed before each that fails. Undefined ends it. */
  inject(kind: IoFaultKind | undefined, passing = 0): void {
    // In place: the process has mapped these bytes.
    const file = openSync(this.#control, 'r+');
    writeSync(file, Buffer.from([kind === undefined ? 0 : IO_FAULTS.indexOf(kind) + 1, passing]), 0, 2, 0);
    closeSync(file);
  }
}
