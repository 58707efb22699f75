import type { LinkIndex } from '../compile/link-index.ts';
import { bytesOf } from '../matcher/byte-view.ts';

/** Where the literals that a root's links begin with stand in a log, found out when the first link asks. */
export class LinkStarts {
  private links: LinkIndex | undefined = undefined;
  private log = '';
  private found = false;
  private places = new Int32Array(1);
  /** One array for each number of alternatives. */
  private readonly starts: Int32Array[] = [];

  /** Begins with a log. */
  open(links: LinkIndex, log: string): void {
    this.links = links;
    this.log = log;
    this.found = false;
  }

  /** Whether the log has none of the literals that a child's regex begins with, and so cannot match it. */
  isMissing(position: number): boolean {
    const { numbers, offsets } = this.links!;
    const to = offsets[position + 1]!;
    let at = offsets[position]!;
    if (at === to) return false;
    if (!this.found) this.find();
    for (; at < to; at++) {
      const number = numbers[at]!;
      if (number < 0 || this.places[number]! >= 0) return false;
    }
    return true;
  }

  /** The first places of a child's literals, one for each alternative, valid until the next call; undefined where it has none. */
  of(position: number): Int32Array | undefined {
    const { numbers, offsets } = this.links!;
    const from = offsets[position]!;
    const length = offsets[position + 1]! - from;
    if (length === 0) return undefined;
    if (!this.found) this.find();
    const starts = this.scratch(length);
    for (let index = 0; index < length; index++) {
      const number = numbers[from + index]!;
      starts[index] = number < 0 ? 0 : this.places[number]!;
    }
    return starts;
  }

  private scratch(length: number): Int32Array {
    let starts = this.starts[length];
    if (starts === undefined) {
      starts = new Int32Array(length);
      this.starts[length] = starts;
    }
    return starts;
  }

  private find(): void {
    const { finder } = this.links!;
    if (this.places.length < finder.count) this.places = new Int32Array(finder.count);
    finder.find(bytesOf(this.log), this.log.length, this.places);
    this.found = true;
  }
}
