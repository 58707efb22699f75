import type { RuleBody } from './rule-body.ts';

/** Which past events a correlation rule searches; set when the rule is loaded, and kept when it is overwritten. */
export type SearchTarget =
  | { readonly kind: 'sid'; readonly target: RuleDraft | undefined }
  | { readonly kind: 'group' }
  | { readonly kind: 'recent' };

/** More nodes than that are not counted: the tree of the original grows without bound where groups match themselves. */
const MANY = 1_000_000;

/**
 * A rule in the tree while it is built. The original makes a node for every place of a rule; here a rule is one object with
 * several parents, so that trees which explode there stay as small as their text.
 */
export class RuleDraft {
  body: RuleBody;
  readonly parents: RuleDraft[] = [];
  /** Nodes that the original would have for this rule, up to a bound. */
  nodeCount = 0;
  search: SearchTarget | undefined;
  keepsHistory = false;
  /** Rules with `if_matched_group` that count this one's events, and how often each. */
  readonly feeds = new Map<RuleDraft, number>();
  /** For the complaint when an overwriting rule names other parents. */
  readonly parentText: Pick<RuleBody, 'ifSid' | 'ifLevel' | 'ifMatchedSid' | 'ifMatchedGroup'>;
  readonly #children = new Siblings();

  constructor(body: RuleBody) {
    this.body = body;
    const { ifSid, ifLevel, ifMatchedSid, ifMatchedGroup } = body;
    this.parentText = { ifSid, ifLevel, ifMatchedSid, ifMatchedGroup };
  }

  get id(): number {
    return this.body.id;
  }

  /** In the order they are tried. */
  get children(): readonly RuleDraft[] {
    return this.#children.inOrder();
  }

  /** A second place in the same row of siblings is never reached, and not made. */
  attach(child: RuleDraft): void {
    this.#children.add(child);
    child.parents.push(this);
    child.nodeCount = Math.min(MANY, child.nodeCount + this.nodeCount);
  }

  detach(): void {
    for (const parent of this.parents) parent.#children.remove(this);
    this.parents.length = 0;
    this.nodeCount = 0;
  }

  /** Takes over what another definition says; the place in the tree stays. */
  replaceBody(body: RuleBody): void {
    if (body.key !== this.body.key) {
      for (const parent of this.parents) parent.#children.pin();
    }
    this.body = body;
  }
}

/**
 * Rules below one parent. A new one goes before the first whose key is lower: as long as no key changes, that is the order of
 * their keys and, within it, of loading, which one sort gives in the end.
 */
export class Siblings {
  readonly #rules: RuleDraft[] = [];
  #pinned = false;
  #sorted = true;

  add(rule: RuleDraft): void {
    if (!this.#pinned) {
      this.#rules.push(rule);
      this.#sorted = false;
      return;
    }
    const place = this.#rules.findIndex((sibling) => sibling.body.key < rule.body.key);
    this.#rules.splice(place < 0 ? this.#rules.length : place, 0, rule);
  }

  remove(rule: RuleDraft): void {
    const place = this.#rules.indexOf(rule);
    if (place >= 0) this.#rules.splice(place, 1);
  }

  inOrder(): readonly RuleDraft[] {
    if (!this.#sorted) this.#rules.sort((a, b) => b.body.key - a.body.key);
    this.#sorted = true;
    return this.#rules;
  }

  /** A key is about to change: the rows stand as they are from now on. */
  pin(): void {
    this.inOrder();
    this.#pinned = true;
  }
}
