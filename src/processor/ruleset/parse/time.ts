import type { TimeWindow } from './ast.ts';

/**
 * Reads `[!] h[h][:mm] [am|pm] - h[h][:mm] [am|pm]` (ruleset-engine 6.4). A range over midnight becomes its complement, and a
 * `!` before it is lost then, as in the original.
 */
export function parseTime(text: string): TimeWindow | undefined {
  const reader = new TimeReader(text);
  reader.skipBlanks();
  const negate = reader.take('!');
  reader.skipBlanks();
  const first = reader.readClock();
  if (first === undefined) return undefined;
  reader.skipBlanks();
  if (!reader.take('-')) return undefined;
  reader.skipBlanks();
  const second = reader.readClock();
  if (second === undefined) return undefined;
  reader.skipBlanks();
  if (!reader.atEnd()) return undefined;
  return first > second ? toWindow(second, first, true) : toWindow(first, second, negate);
}

/** `hour * 100 + minute`, so that it compares as the original's text does: minutes above 59 are possible. */
type Clock = number;

function toWindow(from: Clock, to: Clock, negate: boolean): TimeWindow {
  // No event has a minute above 59: such a start is the next full hour, such an end is the last minute of its hour.
  const fromMinute = from % 100;
  const toMinute = to % 100;
  return {
    from: Math.floor(from / 100) * 60 + Math.min(fromMinute, 60),
    to: Math.floor(to / 100) * 60 + Math.min(toMinute, 59),
    negate,
  };
}

class TimeReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skipBlanks(): void {
    while (this.#text[this.#position] === ' ') this.#position++;
  }

  take(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  #isDigit(ahead: number): boolean {
    return /^\d$/.test(this.#text[this.#position + ahead] ?? '');
  }

  readClock(): Clock | undefined {
    const start = this.#position;
    while (this.#isDigit(0)) this.#position++;
    const digits = this.#text.slice(start, this.#position);
    // No digits at all are hour 0 in the original; that is refused further on unless am, pm or "-" follows.
    let hour = Number(digits);
    if (digits.length > 2 || hour >= 24) return undefined;
    let minute = 0;
    if (this.take(':')) {
      if ((!this.#isDigit(0) || !this.#isDigit(1)) && this.#isDigit(2)) return undefined;
      const minutes = /^\d{1,2}/.exec(this.#text.slice(this.#position))?.[0];
      // The original steps over two bytes here without looking; past the end of the text is refused.
      if (minutes === undefined || this.#position + 2 > this.#text.length) return undefined;
      minute = Number(minutes);
      this.#position += 2;
    }
    this.skipBlanks();
    const half = this.#text.slice(this.#position, this.#position + 2).toLowerCase();
    if (half === 'am' || half === 'pm') {
      this.#position += 2;
      if (hour === 12) hour = 0;
      if (half === 'pm') hour += 12;
      if (hour >= 24) return undefined;
    } else if (half.startsWith('a') || half.startsWith('p')) {
      return undefined;
    }
    return hour * 100 + minute;
  }
}

const DAYS: readonly (readonly [string, readonly number[]])[] = [
  ['sunday', [0]],
  ['sun', [0]],
  ['monday', [1]],
  ['mon', [1]],
  ['tuesday', [2]],
  ['tue', [2]],
  ['wednesday', [3]],
  ['wed', [3]],
  ['thursday', [4]],
  ['thu', [4]],
  ['friday', [5]],
  ['fri', [5]],
  ['saturday', [6]],
  ['sat', [6]],
  ['weekdays', [1, 2, 3, 4, 5]],
  ['weekends', [0, 6]],
];

/** Reads a list of days by blanks and commas; index 0 of the result is Sunday. A `!` is refused, as in the original. */
export function parseWeekdays(text: string): boolean[] | undefined {
  const days = Array.from({ length: 7 }, () => false);
  let rest = text.replace(/^ +/, '').toLowerCase();
  while (rest !== '') {
    const found = DAYS.find(([name]) => rest.startsWith(name));
    if (found === undefined) return undefined;
    for (const day of found[1]) days[day] = true;
    const after = rest.slice(found[0].length);
    rest = after.replace(/^[ ,]+/, '');
    if (after !== '' && after === rest) return undefined;
  }
  return days.includes(true) ? days : undefined;
}
