/** A list that grows at its end and shrinks at its front, both in constant time. */
export class Deque<T> {
  private items: T[] = [];
  private head = 0;
  /** How many items were ever taken away: the number of the oldest item, where the first ever pushed was 0. */
  removed = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  /** `index` counts from the oldest item. */
  at(index: number): T | undefined {
    return this.items[this.head + index];
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.head === this.items.length) return undefined;
    const item = this.items[this.head]!;
    // What is gone must not be kept in memory until the list is copied.
    this.items[this.head] = undefined as T;
    this.head++;
    this.removed++;
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  clear(): void {
    this.removed += this.length;
    this.items = [];
    this.head = 0;
  }
}
