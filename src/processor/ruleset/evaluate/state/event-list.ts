import type { Event } from '../event.ts';
import { Deque } from './deque.ts';

/**
 * Past events, oldest first. One that was forgotten out of turn leaves a gap (`Event.gone`) until it is the oldest or
 * half of all are gaps: its neighbours keep their numbers.
 */
export class EventList<T extends Event | number = Event> extends Deque<T> {
  private gaps = 0;

  /** One of the events is gone from now on; false: none is left. */
  noteGone(): boolean {
    this.gaps++;
    this.trim();
    return this.length > 0;
  }

  /** Whether it pays to be made anew by `alive`. */
  get isMostlyGaps(): boolean {
    return this.gaps > MIN_GAPS && this.gaps * 2 > this.length;
  }

  /** A list of the events that are not gone. */
  alive(): EventList<T> {
    const list = new EventList<T>();
    for (let index = 0; index < this.length; index++) {
      const item = this.at(index)!;
      if (!isGone(item)) list.push(item);
    }
    return list;
  }

  override shift(): T | undefined {
    const item = super.shift();
    if (item !== undefined && isGone(item)) this.gaps--;
    return item;
  }

  /** The oldest is no gap. */
  private trim(): void {
    while (this.gaps > 0) {
      const oldest = this.at(0);
      if (oldest === undefined || !isGone(oldest)) return;
      this.shift();
    }
  }

  override clear(): void {
    super.clear();
    this.gaps = 0;
  }
}

const MIN_GAPS = 8;

function isGone(item: Event | number): boolean {
  return typeof item === 'object' && item.gone;
}
