import { LiteralFilter } from '../literal-filter.ts';
import { LiteralSet } from '../literal-set.ts';
import type { Node, Pattern } from './ast.ts';
import { literalOf } from './byte-set.ts';
import { costExponent } from './cost.ts';
import { type Head, headOf } from './head.ts';
import { leadingRun } from './leading-run.ts';
import { literalAlternatives, literalRuns } from './literals.ts';
import { emitNative, isCaseless } from './native.ts';
import { simplifyForTest } from './simplify.ts';
import { StartCount } from './start-count.ts';

interface Plan {
  /** Finds the same as PCRE2 would; undefined where only the machine does. */
  readonly native: RegExp | undefined;
  /** Longest text for the native expression: beyond it the machine with its limit takes over. */
  readonly longest: number;
  /** Says of longer texts whether the native expression may have them, too. */
  readonly starts: StartCount | undefined;
  /** `native` and `literals` are for texts without bytes above 127. */
  readonly ascii: boolean;
  /** Folded texts that do not pass cannot match. */
  readonly filter: LiteralFilter | undefined;
  /** Folded texts without any of these cannot match. */
  readonly needs: readonly string[] | undefined;
  /** Texts without it do not get to the machine; for texts without bytes above 127 where `ascii`. */
  readonly head: Head | undefined;
}

export interface TestPlan extends Plan {
  /** The whole pattern, when it is no more than literals. */
  readonly literals: LiteralSet | undefined;
  /** `native` and `literals` want the text in ASCII lower case. */
  readonly folded: boolean;
}

export type SearchPlan = Plan;

/** Steps that a native search may take in the worst case: some tens of milliseconds. */
const MAX_NATIVE_STEPS = 2 ** 25;
/** Logs are seldom longer: where native expressions do all up to here, the machine hardly ever runs. */
const LONG = 4096;
/** More literals than this cost more to look for than they save. */
const MAX_NEEDS = 4;

export function planTest(pattern: Pattern, required: readonly string[] | undefined): TestPlan {
  const root = simplifyForTest(pattern.root);
  const folded = isCaseless(root);
  const ascii = pattern.utf;
  const alternatives = literalAlternatives(root, folded);
  if (alternatives) {
    const literals = new LiteralSet(alternatives);
    return {
      native: undefined,
      longest: 0,
      ascii,
      filter: undefined,
      needs: undefined,
      head: undefined,
      starts: undefined,
      literals,
      folded,
    };
  }
  const source = emitNative(root, { captures: false, folded, ascii });
  return { ...plan(source, costExponent(root), root, ascii, required), literals: undefined, folded };
}

export function planSearch(pattern: Pattern, required: readonly string[] | undefined): SearchPlan {
  const { root, utf } = pattern;
  const source = emitNative(root, { captures: true, folded: false, ascii: utf });
  const cost = costExponent(root);
  const run = leadingRun(root);
  if (run === undefined || source === undefined) return plan(source, cost, root, utf, required);
  const behind = emitNative({ kind: 'set', bytes: run }, { captures: false, folded: false, ascii: utf });
  return plan(`(?<!${behind})${source}`, cost - 1, root, utf, required);
}

function plan(
  source: string | undefined,
  cost: number,
  root: Node,
  ascii: boolean,
  required: readonly string[] | undefined,
): Plan {
  const longest = cost <= 1 ? Number.POSITIVE_INFINITY : Math.floor(MAX_NATIVE_STEPS ** (1 / cost));
  const runs = literalRuns(root);
  const filter = new LiteralFilter(startsWithLiteral(root) ? runs.slice(1) : runs);
  const worthwhile = filter.isEmpty && required !== undefined && required.length <= MAX_NEEDS && runs.length === 0;
  return {
    native: source === undefined ? undefined : new RegExp(source),
    longest,
    ascii,
    filter: filter.isEmpty ? undefined : filter,
    needs: worthwhile ? required : undefined,
    head: source === undefined || longest < LONG ? headOf(root, ascii) : undefined,
    starts: source === undefined || longest >= LONG ? undefined : StartCount.of(root, cost, MAX_NATIVE_STEPS),
  };
}

/** A native search begins with the literal anyway. */
function startsWithLiteral(root: Node): boolean {
  const first = root.kind === 'sequence' ? root.items.slice(0, 3) : [root];
  return first.length === 3 && first.every((item) => item.kind === 'set' && literalOf(item.bytes) !== undefined);
}
