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
  readonly children: RuleDraft[] = [];
  readonly parents = new Set<RuleDraft>();
  /** Nodes that the original would have for this rule, up to a bound. */
  nodeCount = 0;
  /** Children stand in falling order of their keys; an overwritten rule keeps its place. */
  sorted = true;
  search: SearchTarget | undefined;
  keepsHistory = false;
  /** Rules with `if_matched_group` that count this one's events, and how often each. */
  readonly feeds = new Map<RuleDraft, number>();
  /** For the complaint when an overwriting rule names other parents. */
  readonly parentText: Pick<RuleBody, 'ifSid' | 'ifLevel' | 'ifMatchedSid' | 'ifMatchedGroup'>;

  constructor(body: RuleBody) {
    this.body = body;
    const { ifSid, ifLevel, ifMatchedSid, ifMatchedGroup } = body;
    this.parentText = { ifSid, ifLevel, ifMatchedSid, ifMatchedGroup };
  }

  get id(): number {
    return this.body.id;
  }

  /** Puts `child` before the first child of lower key, as the original does. */
  attach(child: RuleDraft): void {
    if (this.parents.has(child) || child === this || child.parents.has(this)) return;
    insertByKey(this.children, child, this.sorted);
    child.parents.add(this);
    child.nodeCount = Math.min(MANY, child.nodeCount + this.nodeCount);
  }

  detach(): void {
    for (const parent of this.parents) parent.children.splice(parent.children.indexOf(this), 1);
    this.parents.clear();
    this.nodeCount = 0;
  }

  /** Takes over what another definition says; the place in the tree stays. */
  replaceBody(body: RuleBody): void {
    if (body.key !== this.body.key) {
      for (const parent of this.parents) parent.sorted = false;
    }
    this.body = body;
  }
}

/** @param sorted whether `siblings` is in falling order, so that the place can be found by halves */
export function insertByKey(siblings: RuleDraft[], rule: RuleDraft, sorted: boolean): void {
  const { key } = rule.body;
  let low = 0;
  if (sorted) {
    let high = siblings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (key > (siblings[middle]?.body.key ?? 0)) high = middle;
      else low = middle + 1;
    }
  } else {
    while (low < siblings.length && key <= (siblings[low]?.body.key ?? 0)) low++;
  }
  siblings.splice(low, 0, rule);
}
