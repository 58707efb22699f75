/** Where so many lie before the first that counts, they are cut off. */
const MAX_BEHIND = 64;

/**
 * The events of a list after which none is as old, with their times, which so go up: where no clock goes back these are the
 * last events of each second. Tells where a search by time ends without going there.
 */
export class Lows {
  private readonly sequences: number[] = [];
  private readonly times: number[] = [];
  private head = 0;

  /** An event came; `oldest` is the sequence number of the oldest that is left. */
  add(sequence: number, time: number, oldest: number): void {
    const { sequences, times } = this;
    while (times.length > this.head && times[times.length - 1]! >= time) {
      times.pop();
      sequences.pop();
    }
    times.push(time);
    sequences.push(sequence);
    while (sequences[this.head]! < oldest) this.head++;
    if (this.head < MAX_BEHIND || this.head * 2 < times.length) return;
    times.splice(0, this.head);
    sequences.splice(0, this.head);
    this.head = 0;
  }

  /** Sequence number of the newest event that is older than `time`, -1 where there is none. */
  lastBefore(time: number): number {
    const { times } = this;
    let low = this.head;
    if (low === times.length || times[low]! >= time) return -1;
    for (let high = times.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return this.sequences[low - 1]!;
  }

  clear(): void {
    this.sequences.length = 0;
    this.times.length = 0;
    this.head = 0;
  }
}
