import { createRandom, type Random } from '../support/random.ts';
import { PICKY, POISON } from './backend.ts';

/** The sources of lines (of audit events), in the order of their rules; each is fed by one sender, one thing after the other. */
export const LINE_SOURCES = [
  'chaos-http',
  'chaos-uid',
  'chaos-grpc',
  'chaos-rename',
  'chaos-truncate',
  'chaos-audit',
] as const;
export type LineSource = (typeof LINE_SOURCES)[number];
export const COMMANDS = ['chaos-list', 'chaos-shell'] as const;

export interface LoadSize {
  phases: number;
  /** Of each line source in each phase. */
  steps: number;
  /** Of each command in each phase. */
  changes: number;
}

/** What one source does in one phase: lines of each step. */
export type Steps = readonly (readonly string[])[];

export interface Load {
  /** By phase, then by source. */
  phases: readonly ReadonlyMap<string, Steps>[];
  /** Lines of all phases. */
  lines: number;
  /** Outputs that differ from the one before. */
  changes: number;
}

/** The input of a seed: the same for the disturbed run and the one beside it. */
export function createLoad(seed: number, size: LoadSize): Load {
  const phases = Array.from({ length: size.phases }, () => new Map<string, Steps>());
  let lines = 0;
  for (const [index, name] of LINE_SOURCES.entries()) {
    const random = createRandom(seed * 31 + index);
    let sequence = 0;
    for (const phase of phases) {
      const steps = Array.from({ length: size.steps }, () =>
        Array.from({ length: random.int(1, 6) }, () => pad(createLine(name, ++sequence, random))),
      );
      // Ends with a line that tells apart from all others: its alert says that the phase has arrived.
      steps.push([pad(`${name} seq=${++sequence} end of phase`)]);
      phase.set(name, steps);
      lines += steps.flat().length;
    }
  }
  let changes = 0;
  for (const name of COMMANDS) {
    for (const phase of phases) {
      phase.set(
        name,
        Array.from({ length: size.changes }, () => [`version ${changes++} of ${name}`]),
      );
    }
  }
  return { phases, lines, changes };
}

/** As long as a file's fingerprint in these runs: what is shorter cannot be told from another by a copy of it. */
function pad(line: string): string {
  return line.padEnd(70, ' .');
}

function createLine(source: string, sequence: number, random: Random): string {
  const start = `${source} seq=${sequence}`;
  const end = random.next() < 0.02 ? ` ${POISON}` : random.next() < 0.05 ? ` ${PICKY}` : '';
  const kind = random.next();
  if (kind < 0.25) {
    return `${source} user=u${random.int(1, 3)} addr=10.0.0.${random.int(1, 3)} failed seq=${sequence}${end}`;
  }
  if (kind < 0.45) return `${source} user=n${random.int(1, 40)} addr=10.0.1.1 login seq=${sequence}${end}`;
  if (kind < 0.55) return `${start} noisy${end}`;
  // Without a number: equal lines are events of their own.
  if (kind < 0.75) return `${source} state of the disk is ${random.int(1, 3)}`;
  return `${start} plain ${'x'.repeat(random.int(0, 200))}${end}`;
}
