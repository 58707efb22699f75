import type { SiblingIndex } from '../compile/sibling-index.ts';
import { foldAscii } from '../matcher/ascii.ts';
import type { Event } from './event.ts';
import type { LogScan } from './log-scan.ts';
import type { ProgramNames } from './program-names.ts';

/** Up to so many positions are sorted where they are. */
const FEW = 32;

/** Asks sibling indexes about one event after the other. */
export class Candidates {
  private readonly programNames: ProgramNames;
  private readonly scan: LogScan;

  constructor(scan: LogScan, programNames: ProgramNames) {
    this.scan = scan;
    this.programNames = programNames;
  }

  /** Puts the positions of siblings that may hold behind `from`, in their order; returns the end. */
  collect(index: SiblingIndex, event: Event, out: number[], from: number): number {
    let end = from;
    for (const position of index.always) out[end++] = position;
    const sorted = end;
    const decoded = index.byDecoder.size > 0 ? index.byDecoder.get(event.decoderId) : undefined;
    if (decoded) for (const position of decoded) out[end++] = position;
    for (const { field, exact, others } of index.byField) {
      const value = event.field(field);
      if (value === undefined) continue;
      for (const position of others) out[end++] = position;
      const fitting = exact.size > 0 ? exact.get(foldAscii(value)) : undefined;
      if (fitting) for (const position of fitting) out[end++] = position;
    }
    if (index.byLog.length > 0) end = this.collectByLog(index, event, out, end);
    if (index.byProgram.length > 0 && event.programName !== undefined) {
      for (const position of this.programNames.positionsOf(event.programName, index)) out[end++] = position;
    }
    if (end > sorted) sortRange(out, from, end);
    return end;
  }

  private collectByLog(index: SiblingIndex, event: Event, out: number[], end: number): number {
    const { scan } = this;
    scan.search(event.log);
    const { found, mark } = scan;
    for (const { position, literals } of index.byLog) {
      for (const literal of literals) {
        if (found[literal] !== mark) continue;
        out[end++] = position;
        break;
      }
    }
    return end;
  }
}

function sortRange(numbers: number[], from: number, to: number): void {
  if (to - from > FEW) {
    const sorted = numbers.slice(from, to).sort((a, b) => a - b);
    for (const [index, value] of sorted.entries()) numbers[from + index] = value;
    return;
  }
  for (let index = from + 1; index < to; index++) {
    const value = numbers[index]!;
    let place = index;
    while (place > from && numbers[place - 1]! > value) {
      numbers[place] = numbers[place - 1]!;
      place--;
    }
    numbers[place] = value;
  }
}
