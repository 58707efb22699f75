import type { FieldGuard } from '../compile/sibling-index.ts';
import { hashFolded } from '../matcher/hash.ts';

/** Longer values hardly come twice. */
const MAX_LENGTH = 48;
/** Of one field: GitHub alone has some hundred actions. */
const MAX_VALUES = 1024;
/** Of all fields; some 300 bytes each. */
const MAX_ALL_VALUES = 16_384;
/** After so many questions it is looked at whether remembering pays. */
const TRIAL = 1000;

/** How many values the memos of one engine hold together. */
export class MemoBudget {
  values = 0;
}

/**
 * Remembers which rules of a field a value satisfies: types, codes and actions are few and come again and again, and each
 * of up to a hundred siblings has a pattern for them. Fields whose values do not come again are left alone.
 */
export class FieldMemo {
  private readonly guard: FieldGuard;
  private readonly budget: MemoBudget;
  /** By hash; the value is compared, case and all. */
  private readonly known = new Map<number, { readonly value: string; readonly positions: Int32Array }>();
  private asked = 0;
  private hits = 0;
  private pays = true;

  constructor(guard: FieldGuard, budget: MemoBudget) {
    this.guard = guard;
    this.budget = budget;
  }

  /** Positions of the guard's `others` that the value may satisfy. */
  positionsOf(value: string): Int32Array {
    const { guard } = this;
    if (!this.pays || value.length > MAX_LENGTH) return guard.others;
    const hash = hashFolded(value);
    const entry = this.known.get(hash);
    this.asked++;
    if (entry !== undefined && entry.value === value) {
      this.hits++;
      return entry.positions;
    }
    if (this.asked >= TRIAL) {
      this.pays = this.hits * 2 >= this.asked;
      this.asked = 0;
      this.hits = 0;
    }
    const positions = guard.others.filter((_, index) => maySatisfy(guard, index, value));
    this.remember(hash, value, positions);
    return positions;
  }

  private remember(hash: number, value: string, positions: Int32Array): void {
    const { known, budget } = this;
    const before = known.size;
    if (before >= MAX_VALUES) this.forget();
    else if (budget.values >= MAX_ALL_VALUES) {
      this.forget();
      if (before === 0) return;
    }
    const size = known.size;
    // A slice of a line would keep the whole line.
    known.set(hash, { value: Buffer.from(value, 'latin1').toString('latin1'), positions });
    budget.values += known.size - size;
  }

  private forget(): void {
    this.budget.values -= this.known.size;
    this.known.clear();
  }
}

function maySatisfy({ questions }: FieldGuard, index: number, value: string): boolean {
  const question = questions[index];
  if (!question) return true;
  try {
    return question.matcher.test(value) !== question.negate;
  } catch {
    // A matcher that gives up is asked again where that is reported.
    return true;
  }
}
