import { hashFolded } from '../matcher/hash.ts';
import { MIN_LITERAL } from '../matcher/literal-finder.ts';
import type { Matcher } from '../matcher/types.ts';
import { NumberLists, NumberTable } from './number-table.ts';
import type { Condition, FieldRef, Rule, StaticField } from './ruleset.ts';

/**
 * Rules that stand side by side, sorted by what must be true of an event before one of them can hold: most are ruled
 * out by one look into a table. Every entry is a necessary condition proven from the rule, so whoever asks the rules that
 * are left, in their order, gets the answer of asking all of them. Positions are those in the list of siblings.
 */
export interface SiblingIndex {
  /** Nothing rules these out. */
  readonly always: Int32Array;
  /** By the decoder they want, and there by a field if they want that, too. */
  readonly byDecoder: ReadonlyMap<number, DecoderGuard>;
  /** By the program name they want. */
  readonly byProgram: readonly { readonly position: number; readonly matcher: Matcher }[];
  /** By a field that has to be there. */
  readonly byField: readonly FieldGuard[];
  /** By literals of which the log has to contain one, when nothing better is known: their numbers. */
  readonly byLiteral: NumberTable;
  /** For the positions of the other tables numbers of literals, as well; none where nothing is known. */
  readonly literals: NumberLists;
  /** Positions in all tables, repeated ones included. */
  readonly places: number;
}

export interface DecoderGuard {
  readonly always: Int32Array;
  readonly byField: readonly FieldGuard[];
}

export interface FieldGuard {
  readonly field: FieldRef;
  /** By the hash of the value that the field has to have; another value may have the same one. */
  readonly exact: NumberTable;
  /** Length of the longest of those values. */
  readonly longest: number;
  /** Further rules that ask for the field. */
  readonly others: Int32Array;
  /** What they ask, in the same order; undefined where it is more than a pattern. */
  readonly questions: readonly (FieldQuestion | undefined)[];
}

export interface FieldQuestion {
  readonly matcher: Matcher;
  readonly negate: boolean;
}

/** Fewer siblings than this are asked one by one. */
const MIN_SIBLINGS = 3;

const NONE: readonly number[] = [];

type Guard =
  | { readonly kind: 'decoder'; readonly id: number; readonly field?: FieldSelection | undefined }
  | { readonly kind: 'program'; readonly matcher: Matcher }
  | { readonly kind: 'log' }
  | FieldSelection;

type FieldSelection =
  | { readonly kind: 'exact'; readonly field: FieldRef; readonly texts: readonly string[] }
  | { readonly kind: 'field'; readonly field: FieldRef; readonly question?: FieldQuestion };

interface FieldDraft {
  readonly field: FieldRef;
  readonly exact: Map<string, number[]>;
  readonly others: number[];
  readonly questions: (FieldQuestion | undefined)[];
}

/** The positions of some siblings by field. */
class FieldDrafts {
  readonly #drafts = new Map<string, FieldDraft>();

  add(selection: FieldSelection, position: number): void {
    const draft = this.#open(selection.field);
    if (selection.kind === 'exact') {
      for (const text of new Set(selection.texts)) append(draft.exact, text, position);
    } else {
      draft.others.push(position);
      draft.questions.push(selection.question);
    }
  }

  #open(field: FieldRef): FieldDraft {
    const key = field.kind === 'static' ? `s:${field.name}` : `d:${field.key}`;
    let draft = this.#drafts.get(key);
    if (!draft) {
      draft = { field, exact: new Map(), others: [], questions: [] };
      this.#drafts.set(key, draft);
    }
    return draft;
  }

  finish(): FieldGuard[] {
    return Array.from(this.#drafts.values(), ({ field, exact, others, questions }) => ({
      field,
      exact: new NumberTable(hashed(exact)),
      longest: Math.max(0, ...Array.from(exact.keys(), (text) => text.length)),
      others: Int32Array.from(others),
      questions,
    }));
  }
}

interface DecoderDraft {
  readonly always: number[];
  readonly fields: FieldDrafts;
}

const WORTH: Readonly<Record<Guard['kind'], number>> = { decoder: 5, exact: 4, program: 3, log: 2, field: 1 };

/** @param numberOf gives every literal a number, the same each time */
export function indexSiblings(
  rules: readonly Rule[],
  numberOf: (literal: string) => number,
  slotOf: (name: StaticField) => number,
): SiblingIndex | undefined {
  if (rules.length < MIN_SIBLINGS) return undefined;
  const always: number[] = [];
  const byDecoder = new Map<number, DecoderDraft>();
  const byProgram: { position: number; matcher: Matcher }[] = [];
  const byLiteral = new Map<number, number[]>();
  const literals = rules.map((rule) => literalsOf(rule)?.map(numberOf) ?? NONE);
  const fields = new FieldDrafts();
  for (const [position, rule] of rules.entries()) {
    const guard = chooseGuard(rule, slotOf);
    switch (guard?.kind) {
      case undefined:
        always.push(position);
        break;
      case 'decoder':
        addToDecoder(byDecoder, guard, position);
        break;
      case 'program':
        byProgram.push({ position, matcher: guard.matcher });
        break;
      case 'log':
        for (const literal of literals[position]!) append(byLiteral, literal, position);
        literals[position] = NONE;
        break;
      case 'exact':
      case 'field':
        fields.add(guard, position);
    }
  }
  return {
    always: Int32Array.from(always),
    byDecoder: new Map(
      Array.from(byDecoder, ([id, draft]) => [
        id,
        { always: Int32Array.from(draft.always), byField: draft.fields.finish() },
      ]),
    ),
    byProgram,
    byLiteral: new NumberTable(byLiteral),
    byField: fields.finish(),
    literals: new NumberLists(literals),
    places: rules.length + Array.from(byLiteral.values(), (positions) => positions.length).reduce((a, b) => a + b, 0),
  };
}

function addToDecoder(
  byDecoder: Map<number, DecoderDraft>,
  { id, field }: Extract<Guard, { kind: 'decoder' }>,
  position: number,
): void {
  let draft = byDecoder.get(id);
  if (!draft) {
    draft = { always: [], fields: new FieldDrafts() };
    byDecoder.set(id, draft);
  }
  if (field) draft.fields.add(field, position);
  else draft.always.push(position);
}

function hashed(table: ReadonlyMap<string, readonly number[]>): Map<number, number[]> {
  const joined = new Map<number, number[]>();
  for (const [text, positions] of table) {
    const hash = hashFolded(text);
    const all = new Set([...(joined.get(hash) ?? []), ...positions]);
    joined.set(
      hash,
      [...all].sort((a, b) => a - b),
    );
  }
  return joined;
}

function append<K>(table: Map<K, number[]>, key: K, position: number): void {
  const positions = table.get(key);
  if (positions) positions.push(position);
  else table.set(key, [position]);
}

/** Conditions that may rule a rule out beforehand: what stands behind a stateful one does not keep that from being asked. */
function usable(rule: Rule): readonly Condition[] {
  const stateful = rule.conditions.findIndex(({ kind }) => kind === 'check_diff' || kind === 'if_fts');
  return stateful < 0 ? rule.conditions : rule.conditions.slice(0, stateful);
}

/** The most selective of a rule's conditions; with a decoder the most selective one on a field besides. */
function chooseGuard(rule: Rule, slotOf: (name: StaticField) => number): Guard | undefined {
  let best: Guard | undefined;
  let field: FieldSelection | undefined;
  for (const condition of usable(rule)) {
    const guard = guardOf(condition, slotOf);
    if (!guard) continue;
    if (best === undefined || WORTH[guard.kind] > WORTH[best.kind]) best = guard;
    if (guard.kind !== 'exact' && guard.kind !== 'field') continue;
    if (field === undefined || WORTH[guard.kind] > WORTH[field.kind]) field = guard;
  }
  return best?.kind === 'decoder' ? { ...best, field } : best;
}

/** The fewest literals that one of the conditions on the log wants. */
function literalsOf(rule: Rule): readonly string[] | undefined {
  let fewest: readonly string[] | undefined;
  for (const condition of usable(rule)) {
    if (condition.kind !== 'text' || condition.source !== 'log' || condition.negate) continue;
    const literals = findableLiterals(condition.matcher);
    if (literals && (fewest === undefined || literals.length < fewest.length)) fewest = literals;
  }
  return fewest;
}

function findableLiterals({ requiredLiterals }: Matcher): readonly string[] | undefined {
  return requiredLiterals?.every((literal) => literal.length >= MIN_LITERAL) ? requiredLiterals : undefined;
}

function guardOf(condition: Condition, slotOf: (name: StaticField) => number): Guard | undefined {
  switch (condition.kind) {
    case 'decoded_as':
      return { kind: 'decoder', id: condition.decoderId };
    case 'field':
      return guardOfField(condition.field, condition.matcher, condition.negate);
    case 'text': {
      const { source, matcher, negate } = condition;
      if (source === 'log') return negate || !findableLiterals(matcher) ? undefined : { kind: 'log' };
      if (source === 'program_name') return negate ? undefined : { kind: 'program', matcher };
      if (source === 'location' || source === 'hostname' || source === 'user') return undefined;
      return guardOfField({ kind: 'static', name: source, slot: slotOf(source) }, matcher, negate);
    }
    case 'list':
      return condition.field.kind === 'event' ? undefined : { kind: 'field', field: condition.field };
    default:
      return undefined;
  }
}

/** A field the event does not have satisfies no condition, negated or not. */
function guardOfField(field: FieldRef, matcher: Matcher, negate: boolean): Guard {
  const texts = negate ? undefined : matcher.exactTexts;
  return texts ? { kind: 'exact', field, texts } : { kind: 'field', field, question: { matcher, negate } };
}
