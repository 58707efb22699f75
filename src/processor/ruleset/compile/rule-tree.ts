import { type RuleDraft, Siblings } from './rule-draft.ts';

/** Ids below this are roots: the templates, one for each category. */
export const FIRST_CHILD_ID = 10;

/** Places of rules below others, and ties between counting rules and counted ones. A tree of more is one where groups match themselves, and the original would not load it either. */
const MAX_PLACES = 4_000_000;

/** The rules loaded so far (ruleset-engine 6.1). */
export class RuleTree {
  readonly #roots = new Siblings();
  readonly #byId = new Map<number, RuleDraft>();
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
  }

  /** Before the key of a root changes. */
  pinRoots(): void {
    this.#roots.pin();
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

  /** Under every rule that `accepts`. */
  attachWhere(rule: RuleDraft, accepts: (candidate: RuleDraft) => boolean): boolean {
    let found = false;
    for (const candidate of this.#byId.values()) {
      if (candidate.id === rule.id || !accepts(candidate)) continue;
      found = true;
      if (this.overgrown) break;
      candidate.attach(rule);
      this.#places++;
    }
    return found;
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
  }
}
