/** What can stand in one chain at a time. */
export interface Link {
  before: this | undefined;
  after: this | undefined;
}

/**
 * Things in order, each of which can leave in constant time. (The first key of a `Map` whose first keys were deleted is
 * found only by going over all the holes they left.)
 */
export class Chain<L extends Link> {
  private newest: L | undefined = undefined;
  oldest: L | undefined = undefined;

  append(link: L): void {
    link.before = this.newest;
    link.after = undefined;
    if (this.newest) this.newest.after = link;
    else this.oldest = link;
    this.newest = link;
  }

  remove(link: L): void {
    if (link.before) link.before.after = link.after;
    else this.oldest = link.after;
    if (link.after) link.after.before = link.before;
    else this.newest = link.before;
    link.before = undefined;
    link.after = undefined;
  }
}
