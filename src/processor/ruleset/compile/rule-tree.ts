import type { RuleBody } from './rule-body.ts';
import { type RuleDraft, Siblings } from './rule-draft.ts';

/** Ids below this are roots: the templates, one for each category. */
export const FIRST_CHILD_ID = 10;

/** Places of rules below others, and ties between counting rules and counted ones. A tree of more is one where groups match themselves, and the original would not load it either. */
const MAX_PLACES = 4_000_000;

/** The rules loaded so far (ruleset-engine 6.1). */
export class RuleTree {
  readonly #roots = new Siblings();
  readonly #byId = new Map<number, RuleDraft>();
  /** Many rules share a group text. */
  readonly #byGroups = new Map<string, Set<RuleDraft>>();
  #places = 0;

  get roots(): readonly RuleDraft[] {
    return this.#roots.inOrder();
  }

  find(id: number): RuleDraft | undefined {
    return this.#byId.get(id);
  }

  /** All rules that have a place, in load order. */
  all(): Iterable<RuleDraft> {
    return this.#byId.values();
  }

  get overgrown(): boolean {
    return this.#places > MAX_PLACES;
  }

  addRoot(rule: RuleDraft): void {
    this.#roots.add(rule);
    rule.nodeCount = 1;
    this.#byId.set(rule.id, this.roots.find((root) => root.id === rule.id) ?? rule);
    this.#enter(rule);
  }

  /** Under the rule of that id; the child takes its category. False where there is none. */
  attachToId(rule: RuleDraft, id: number): boolean {
    const parent = this.#byId.get(id);
    // The original finds a rule already placed as its own parent, and gets nothing from it.
    if (parent === undefined) return rule.id === id && rule.parents.length > 0;
    rule.body.category = parent.body.category;
    this.#attach(parent, rule);
    return true;
  }

  /** Under the first root of the rule's category. */
  attachToCategory(rule: RuleDraft): boolean {
    const root = this.roots.find((candidate) => candidate.body.category === rule.body.category);
    if (root !== undefined) this.#attach(root, rule);
    return root !== undefined;
  }

  #attach(parent: RuleDraft, rule: RuleDraft): void {
    if (rule.parents.includes(parent)) return;
    parent.attach(rule);
    this.#places++;
  }

  /** Under every rule whose key is `key` or higher. */
  attachToKeys(rule: RuleDraft, key: number): boolean {
    let found = false;
    for (const candidate of this.#byId.values()) {
      if (candidate.body.key >= key && this.#attachFound(candidate, rule)) found = true;
    }
    return found;
  }

  /** Under every rule whose group text, in lower case, `accepts`. */
  attachToGroups(rule: RuleDraft, accepts: (foldedText: string) => boolean): boolean {
    let found = false;
    for (const [text, candidates] of this.#byGroups) {
      if (!accepts(text)) continue;
      for (const candidate of candidates) if (this.#attachFound(candidate, rule)) found = true;
    }
    return found;
  }

  #attachFound(parent: RuleDraft, rule: RuleDraft): boolean {
    if (parent.id === rule.id) return false;
    if (!this.overgrown) {
      parent.attach(rule);
      this.#places++;
    }
    return true;
  }

  /** Events of `feeder` count for `listener`, once for each place of it; false where the tree is overgrown. */
  addFeed(feeder: RuleDraft, listener: RuleDraft): boolean {
    if (this.overgrown) return false;
    feeder.feeds.set(listener, feeder.nodeCount);
    this.#places++;
    return true;
  }

  /** Makes an attached rule known to those loaded after it. */
  register(rule: RuleDraft): void {
    if (!this.#byId.has(rule.id)) this.#byId.set(rule.id, rule);
    this.#enter(rule);
  }

  /** Takes over what another definition of the rule says. */
  overwrite(rule: RuleDraft, body: RuleBody): void {
    if (rule.id < FIRST_CHILD_ID) this.#roots.pin();
    this.#byGroups.get(rule.body.foldedGroups)?.delete(rule);
    rule.replaceBody(body);
    this.#enter(rule);
  }

  #enter(rule: RuleDraft): void {
    const text = rule.body.foldedGroups;
    const rules = this.#byGroups.get(text) ?? new Set();
    rules.add(rule);
    this.#byGroups.set(text, rules);
  }
}
