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

  /** The first places of the literals of a link, one for each alternative, valid until the next call; undefined where all are missing. */
  of(numbers: Int32Array): Int32Array | undefined {
    if (!this.found) this.find();
    const { length } = numbers;
    const starts = this.scratch(length);
    let any = false;
    for (let index = 0; index < length; index++) {
      const number = numbers[index]!;
      const place = number < 0 ? 0 : this.places[number]!;
      starts[index] = place;
      if (place >= 0) any = true;
    }
    return any ? starts : undefined;
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
