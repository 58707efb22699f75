import type { CategoryName } from '../parse/ast.ts';
import { insertByKey, type RuleDraft } from './rule-draft.ts';

/** Ids below this are roots: the templates, one for each category. */
export const FIRST_CHILD_ID = 10;

/** The rules loaded so far (ruleset-engine 6.1). */
export class RuleTree {
  readonly roots: RuleDraft[] = [];
  readonly #byId = new Map<number, RuleDraft>();
  #rootsSorted = true;

  find(id: number): RuleDraft | undefined {
    return this.#byId.get(id);
  }

  /** All rules that have a place, in load order. */
  all(): Iterable<RuleDraft> {
    return this.#byId.values();
  }

  addRoot(rule: RuleDraft): void {
    insertByKey(this.roots, rule, this.#rootsSorted);
    rule.nodeCount = 1;
    const first = this.roots.find((root) => root.id === rule.id) ?? rule;
    this.#byId.set(rule.id, first);
  }

  noteRootOverwritten(): void {
    this.#rootsSorted = false;
  }

  /** Under the rule of that id; the child takes its category. False where there is none. */
  attachToId(rule: RuleDraft, id: number): boolean {
    const parent = this.#byId.get(id);
    // The original finds a rule already placed as its own parent, and gets nothing from it.
    if (parent === undefined) return rule.id === id && rule.parents.size > 0;
    rule.body.category = parent.body.category;
    parent.attach(rule);
    return true;
  }

  /** Under the first root of the rule's category. */
  attachToCategory(rule: RuleDraft): boolean {
    const root = this.roots.find((candidate) => candidate.body.category === rule.body.category);
    root?.attach(rule);
    return root !== undefined;
  }

  /** Under every rule that `accepts`. */
  attachWhere(rule: RuleDraft, accepts: (candidate: RuleDraft) => boolean): boolean {
    let found = false;
    for (const candidate of this.#byId.values()) {
      if (candidate.id === rule.id || !accepts(candidate)) continue;
      candidate.attach(rule);
      found = true;
    }
    return found;
  }

  /** Makes an attached rule known to those loaded after it. */
  register(rule: RuleDraft): void {
    if (!this.#byId.has(rule.id)) this.#byId.set(rule.id, rule);
  }

  rootsOf(category: CategoryName): RuleDraft[] {
    return this.roots.filter((root) => root.body.category === category);
  }
}
