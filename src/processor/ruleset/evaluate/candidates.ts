import type { NumberLists, NumberTable } from '../compile/number-table.ts';
import type { FieldGuard, SiblingIndex } from '../compile/sibling-index.ts';
import { hashFolded } from '../matcher/hash.ts';
import type { Event } from './event.ts';
import { FieldMemo, MemoBudget } from './field-memo.ts';
import type { LogScan } from './log-scan.ts';
import type { ProgramNames } from './program-names.ts';

/** Up to so many positions are sorted where they are. */
const FEW = 32;

/**
 * Asks sibling indexes about one event after the other. Positions lie in one table for all nodes of a path behind each
 * other. Loops count by hand: iterators in here were most of what an event allocated.
 */
export class Candidates {
  private readonly programNames: ProgramNames;
  private readonly scan: LogScan;
  private readonly memos = new Map<FieldGuard, FieldMemo>();
  private readonly memoBudget = new MemoBudget();
  /** Positions of siblings that may hold. */
  picked = new Int32Array(1024);

  constructor(scan: LogScan, programNames: ProgramNames) {
    this.scan = scan;
    this.programNames = programNames;
  }

  /** Puts the positions of siblings that may hold into `picked` behind `from`, in their order; returns the end. */
  collect(index: SiblingIndex, event: Event, from: number): number {
    if (from + index.places > this.picked.length) this.grow(from + index.places);
    const out = this.picked;
    let end = this.copy(index.always, from);
    const sorted = end;
    if (index.byDecoder.size > 0) {
      const decoded = index.byDecoder.get(event.decoderId);
      if (decoded) end = this.copyByField(decoded.byField, event, this.copy(decoded.always, end));
    }
    end = this.copyByField(index.byField, event, end);
    if (index.byProgram.length > 0 && event.programName !== undefined) {
      end = this.copy(this.programNames.positionsOf(event.programName, index), end);
    }
    end = this.keepMet(index.literals, event.log, from, end);
    if (index.byLiteral.size > 0) end = this.copyByLiteral(index.byLiteral, event.log, end);
    return end > sorted ? sortRange(out, from, end) : end;
  }

  private copyByField(byField: readonly FieldGuard[], event: Event, end: number): number {
    for (let group = 0; group < byField.length; group++) {
      const guard = byField[group]!;
      const { field, exact, longest, others } = guard;
      const value = event.field(field);
      if (value === undefined) continue;
      end = this.copy(others.length > 1 ? this.memoOf(guard).positionsOf(value) : others, end);
      if (exact.size === 0 || value.length > longest) continue;
      end = exact.copy(hashFolded(value), this.picked, end);
    }
    return end;
  }

  private memoOf(guard: FieldGuard): FieldMemo {
    let memo = this.memos.get(guard);
    if (!memo) {
      memo = new FieldMemo(guard, this.memoBudget);
      this.memos.set(guard, memo);
    }
    return memo;
  }

  private copyByLiteral(byLiteral: NumberTable, log: string, to: number): number {
    const { picked, scan } = this;
    const count = scan.search(log);
    for (let index = 0; index < count; index++) to = byLiteral.copy(scan.literals[index]!, picked, to);
    return to;
  }

  private copy(positions: Int32Array, to: number): number {
    const { picked } = this;
    for (let index = 0; index < positions.length; index++) picked[to++] = positions[index]!;
    return to;
  }

  /** Drops positions whose literals the log does not contain. */
  private keepMet({ starts, numbers }: NumberLists, log: string, from: number, to: number): number {
    const { picked, scan } = this;
    let end = from;
    for (let index = from; index < to; index++) {
      const position = picked[index]!;
      const first = starts[position]!;
      const last = starts[position + 1]!;
      if (first === last || scan.containsOne(log, numbers, first, last)) picked[end++] = position;
    }
    return end;
  }

  private grow(length: number): void {
    const larger = new Int32Array(length * 2);
    larger.set(this.picked);
    this.picked = larger;
  }
}

/** Also drops what stands there twice; returns the end. */
function sortRange(numbers: Int32Array, from: number, to: number): number {
  if (to - from > FEW) numbers.subarray(from, to).sort();
  else {
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
  let end = from;
  for (let index = from; index < to; index++) {
    if (index === from || numbers[index] !== numbers[index - 1]) numbers[end++] = numbers[index]!;
  }
  return end;
}
