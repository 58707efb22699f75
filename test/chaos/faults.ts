import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../support/random.ts';
import { BACKEND_MODES, type FakeBackend } from './backend.ts';
import { IO_FAULTS, whyNoIoFaults } from './io-fault.ts';
import type { Monitor } from './monitor.ts';
import { type Program, pause } from './program.ts';
import type { Stage } from './stage.ts';

export interface FaultContext {
  random: Random;
  stage: Stage;
  program: Program;
  backend: FakeBackend;
  monitor: Monitor;
}

export interface Fault {
  readonly name: string;
  /** How often it is chosen, in proportion to the others. */
  readonly weight: number;
  /** Why it cannot be tried on this machine; undefined where it can. */
  unavailable?(): string | undefined;
  /** Does it, waits, and takes it back. */
  run(context: FaultContext): Promise<void>;
}

const BROKEN_RULES = '<group name="broken,">\n  <rule id="119998" level="3">\n    <if_sid>110000</if_sid>\n';

/** A moment that falls anywhere within what is being done just then. */
const soon = (random: Random) => pause(random.next() * 40);

export const NO_DESCRIPTORS = 'no file descriptors';

export const FAULTS: readonly Fault[] = [
  {
    name: 'SIGKILL, restart',
    weight: 8,
    async run({ random, program }) {
      await soon(random);
      await program.kill();
      await pause(random.int(0, 300));
      await program.start();
    },
  },
  {
    name: 'SIGKILL while starting',
    weight: 2,
    async run({ random, program }) {
      await program.kill();
      await program.start();
      await pause(random.next() * 30);
      await program.kill();
      await program.start();
    },
  },
  {
    name: 'SIGTERM, restart',
    weight: 4,
    async run({ random, program }) {
      await soon(random);
      await program.terminate();
      await pause(random.int(0, 200));
      await program.start();
    },
  },
  {
    name: 'SIGTERM twice',
    weight: 2,
    async run({ random, program, backend }) {
      backend.behave('hang');
      await soon(random);
      await program.terminateTwice();
      backend.behave('accept');
      await program.start();
    },
  },
  {
    name: 'full disk',
    weight: 3,
    unavailable: whyNoMount,
    async run({ random, stage }) {
      fillDisk(stage.dataDir);
      await pause(random.int(200, 900));
      emptyDisk(stage.dataDir);
    },
  },
  {
    name: 'full disk, SIGKILL, restart',
    weight: 2,
    unavailable: whyNoMount,
    async run({ random, stage, program }) {
      fillDisk(stage.dataDir);
      await pause(random.int(100, 500));
      await program.kill();
      program.startMayFail = true;
      const started = program.start();
      await pause(random.int(300, 1500));
      emptyDisk(stage.dataDir);
      await started;
      program.startMayFail = false;
    },
  },
  {
    name: 'short writes, then errors',
    weight: 4,
    unavailable: whyNoLimits,
    async run({ random, program }) {
      // Somewhere in the middle of one of the next writes of the store's log, or at once.
      await program.limitFileSize(program.logSize() + random.int(1, 40_000));
      await pause(random.int(100, 700));
      await program.limitFileSize(undefined);
    },
  },
  {
    name: 'EIO',
    weight: 4,
    unavailable: whyNoIoFaults,
    async run({ random, program }) {
      await soon(random);
      program.io.inject(random.pick(IO_FAULTS), random.pick([0, 0, 1, 5, 20]));
      await pause(random.int(100, 900));
      program.io.inject(undefined);
    },
  },
  {
    name: 'EIO, SIGKILL, restart',
    weight: 3,
    unavailable: whyNoIoFaults,
    async run({ random, program }) {
      program.io.inject(random.pick(IO_FAULTS), random.pick([0, 1, 5]));
      await pause(random.int(20, 300));
      await program.kill();
      program.io.inject(undefined);
      await program.start();
    },
  },
  {
    name: 'EIO, SIGTERM, restart',
    weight: 1,
    unavailable: whyNoIoFaults,
    async run({ random, program }) {
      program.io.inject(random.pick(IO_FAULTS));
      await pause(random.int(20, 300));
      await program.terminate();
      program.io.inject(undefined);
      await program.start();
    },
  },
  {
    name: NO_DESCRIPTORS,
    weight: 2,
    unavailable: whyNoLimits,
    async run({ random, program }) {
      await program.limitDescriptors(random.int(0, 2));
      await pause(random.int(100, 700));
      await program.limitDescriptors(undefined);
    },
  },
  {
    name: 'clock jump',
    weight: 3,
    async run({ random, program }) {
      // Resends are remembered for an hour of the clock, so that is not tested beyond.
      program.setClock(random.int(-1_200_000, 1_200_000));
      await pause(random.int(50, 400));
      if (random.next() < 0.5) program.setClock(0);
    },
  },
  {
    name: 'SIGHUP',
    weight: 3,
    async run({ random, program }) {
      await soon(random);
      if ((await program.reload()) !== 'reloaded') program.violations.push('a reload of good rules was refused');
    },
  },
  {
    name: 'SIGHUP with broken rules',
    weight: 3,
    async run({ random, stage, program }) {
      const path = join(stage.rules, 'zz_broken_rules.xml');
      writeFileSync(path, BROKEN_RULES);
      await soon(random);
      const answer = await program.reload();
      rmSync(path);
      if (answer !== 'refused') program.violations.push('broken rules were taken');
    },
  },
  {
    name: 'backend away',
    weight: 2,
    async run({ random, backend }) {
      await backend.goAway(random.int(50, 800));
    },
  },
  ...BACKEND_MODES.filter((mode) => mode !== 'accept').map(
    (mode): Fault => ({
      name: `backend: ${mode}`,
      weight: 1,
      async run({ random, backend }) {
        backend.behave(mode);
        await pause(random.int(100, 900));
        backend.behave('accept');
      },
    }),
  ),
  {
    name: 'backend hangs, SIGTERM, restart',
    weight: 2,
    async run({ random, backend, program }) {
      backend.behave(random.pick(['hang', 'throttle', 'unavailable']));
      await pause(random.int(50, 1500));
      await program.terminate();
      await program.start();
      backend.behave('accept');
    },
  },
  {
    name: 'backend hangs, SIGKILL, restart',
    weight: 2,
    async run({ random, backend, program }) {
      backend.behave(random.pick(['hang', 'break-after', 'unavailable']));
      await pause(random.int(50, 500));
      await program.kill();
      await program.start();
      backend.behave('accept');
    },
  },
];

/** Faults in the order of the seed. */
export function chooseFaults(random: Random, count: number, faults: readonly Fault[]): Fault[] {
  const total = faults.reduce((sum, fault) => sum + fault.weight, 0);
  return Array.from({ length: count }, () => {
    let at = random.next() * total;
    for (const fault of faults) {
      at -= fault.weight;
      if (at < 0) return fault;
    }
    return faults[0];
  });
}

/** A small file system for the data directory, so that it can be filled without filling the machine's. */
export const DISK_SIZE = '24m';

let noMount: string | undefined | null = null;

export function whyNoMount(): string | undefined {
  if (noMount === null) {
    noMount =
      process.platform !== 'linux' || process.geteuid?.() !== 0
        ? 'only root on Linux may mount a small disk'
        : tryMount();
  }
  return noMount;
}

function tryMount(): string | undefined {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return undefined;
  } catch {
    return 'this system lets nobody mount a small disk';
  }
}

function whyNoLimits(): string | undefined {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'prlimit (util-linux) is missing';
  }
}

export function mountDisk(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0700`, 'tmpfs', folder]);
}

export function unmountDisk(folder: string): void {
  execFileSync('umount', [folder]);
}

/** To the last byte. */
function fillDisk(folder: string): void {
  const file = openSync(join(folder, 'filler'), 'w');
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

function emptyDisk(folder: string): void {
  rmSync(join(folder, 'filler'), { force: true });
}
