import type { Dialect } from '../compile/ruleset.ts';
import type { Event } from './event.ts';
import { readHeader } from './header.ts';

const SPACE = 32;
const DASH = 45;
const DOT = 46;
const SLASH = 47;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const COMMA = 44;
const OPEN = 91;
const CLOSE = 93;

/** Where the text begins, how the timestamp reads, and whether host and program follow. */
interface DateForm {
  readonly cut: number;
  readonly timestamp: string;
  readonly header: boolean;
}

/**
 * Cuts timestamp, host and program off the log. Only the punctuation of a date is looked at, so a non-date of the right
 * shape counts as one (ruleset-engine 3.2; the cuts in the wrong place of odd fractions are the originals' own).
 */
export function predecodeLog(event: Event, dialect: Dialect): void {
  const line = event.log;
  const length = line.length;
  if (length < 17) return;
  const first = line.charCodeAt(0);
  if (first === OPEN && line.charCodeAt(1) === 84 /* T */ && isAslLine(line)) {
    readAsl(event, line);
    return;
  }
  // "Mär" in UTF-8 takes one byte more: the shape is looked for one byte further on, the cut stays.
  const shift = line.charCodeAt(1) === 0xc3 && line.charCodeAt(2) === 0xa4 ? 1 : 0;
  const view = shift ? `Ma${line.slice(3)}` : line;
  const form = dialect === 'wazuh' ? wazuhForm(view, line, length) : ossecForm(view, line, length);
  if (!form) return;
  event.timestamp = form.timestamp;
  if (form.header) readHeader(event, line, form.cut, dialect);
  else event.log = line.slice(form.cut);
}

function wazuhForm(view: string, line: string, length: number): DateForm | undefined {
  if (isBsd(view, length)) return withHeader(line, 16);
  if (length >= 24 && isDay(view, DASH) && at(view, 10) === SPACE && isClock(view) && at(view, 19) === COMMA) {
    return withHeader(line, 24);
  }
  if (length >= 33 && isDay(view, DASH) && at(view, 10) === 84 && isClock(view)) {
    if (at(view, 22) === COLON && at(view, 25) === SPACE) return withHeader(line, 26);
    if (at(view, 19) === DOT) return withHeader(line, at(view, 26) === COLON ? 30 : at(view, 29) === COLON ? 33 : 32);
  }
  if (isYearFirst(view, length)) return withHeader(line, 21);
  if (isUnifiedLog(view, length)) return withHeader(line, 32);
  if (isXferlog(view, length)) return { cut: 25, timestamp: line.slice(0, 24), header: false };
  return ids(view, line, length, 28) ?? apache(view, line, length) ?? squid(view, line, length);
}

function ossecForm(view: string, line: string, length: number): DateForm | undefined {
  if (isBsd(view, length)) return withHeader(line, 16);
  if (length >= 24 && isDay(view, DASH) && at(view, 10) === SPACE && isClock(view) && at(view, 19) === COMMA) {
    return withHeader(line, 23);
  }
  if (length >= 33 && isDay(view, DASH) && at(view, 10) === 84 && isClock(view)) {
    if (at(view, 22) === COLON && at(view, 25) === SPACE) return withHeader(line, 26);
    if (at(view, 19) === DOT || at(view, 19) === COMMA) {
      for (let colon = 24; colon <= 29; colon++) if (at(view, colon) === COLON) return withHeader(line, colon + 3);
    }
  }
  if (isYearFirst(view, length)) return withHeader(line, 21);
  if (length >= 20 && isDay(view, COLON) && at(view, 10) === DASH && isClock(view) && at(view, 19) === SPACE) {
    return withHeader(line, 20);
  }
  if (isXferlog(view, length)) return { cut: 24, timestamp: line.slice(0, 24), header: false };
  return ids(view, line, length, 26) ?? apache(view, line, length) ?? squid(view, line, length);
}

const withHeader = (line: string, cut: number): DateForm => ({
  cut,
  timestamp: line.slice(0, cut - 1),
  header: true,
});

const at = (text: string, index: number): number => text.charCodeAt(index);

function isDay(view: string, separator: number): boolean {
  return at(view, 4) === separator && at(view, 7) === separator;
}

function isClock(view: string): boolean {
  return at(view, 13) === COLON && at(view, 16) === COLON;
}

/** `Dec 29 10:00:01 ` */
function isBsd(view: string, length: number): boolean {
  return (
    length >= 17 &&
    at(view, 3) === SPACE &&
    at(view, 6) === SPACE &&
    at(view, 9) === COLON &&
    at(view, 12) === COLON &&
    at(view, 15) === SPACE
  );
}

/** `2015 Dec 29 10:00:01 ` */
function isYearFirst(view: string, length: number): boolean {
  return (
    length >= 21 &&
    isDigit(at(view, 0)) &&
    at(view, 4) === SPACE &&
    at(view, 8) === SPACE &&
    at(view, 11) === SPACE &&
    at(view, 14) === COLON &&
    at(view, 17) === COLON &&
    at(view, 20) === SPACE
  );
}

/** macOS unified log: `2021-04-21 10:16:09.404756-0700 ` */
function isUnifiedLog(view: string, length: number): boolean {
  return (
    length >= 33 &&
    isDigit(at(view, 0)) &&
    isDay(view, DASH) &&
    at(view, 10) === SPACE &&
    isClock(view) &&
    at(view, 19) === DOT &&
    (at(view, 26) === DASH || at(view, 26) === 43) &&
    at(view, 31) === SPACE
  );
}

/** `Mon Apr 17 18:27:14 2006 1 ` */
function isXferlog(view: string, length: number): boolean {
  return (
    length >= 28 &&
    at(view, 3) === SPACE &&
    at(view, 7) === SPACE &&
    at(view, 10) === SPACE &&
    isClock(view) &&
    at(view, 19) === SPACE &&
    at(view, 24) === SPACE &&
    at(view, 26) === SPACE
  );
}

/** Snort `01/28-09:13:16.240702  ` and Suricata `01/28/1979-09:13:16.240702  `. */
function ids(view: string, line: string, length: number, suricataLength: number): DateForm | undefined {
  if (
    length >= 24 &&
    at(view, 2) === SLASH &&
    at(view, 5) === DASH &&
    at(view, 8) === COLON &&
    at(view, 11) === COLON &&
    at(view, 14) === DOT &&
    at(view, 21) === SPACE
  ) {
    return { cut: 23, timestamp: line.slice(0, 21), header: false };
  }
  if (
    length >= suricataLength &&
    at(view, 2) === SLASH &&
    at(view, 5) === SLASH &&
    at(view, 10) === DASH &&
    isClock(view) &&
    at(view, 19) === DOT &&
    at(view, 26) === SPACE
  ) {
    return { cut: 28, timestamp: line.slice(0, 26), header: false };
  }
  return undefined;
}

/** `[Fri Feb 11 18:06:35 2004] ` */
function apache(view: string, line: string, length: number): DateForm | undefined {
  const fits =
    length >= 27 &&
    at(view, 0) === OPEN &&
    at(view, 4) === SPACE &&
    at(view, 8) === SPACE &&
    at(view, 11) === SPACE &&
    at(view, 14) === COLON &&
    at(view, 17) === COLON &&
    at(view, 20) === SPACE &&
    at(view, 25) === CLOSE;
  return fits ? { cut: 27, timestamp: line.slice(1, 25), header: false } : undefined;
}

/** `1140804070.368  11623 ` */
function squid(view: string, line: string, length: number): DateForm | undefined {
  const fits =
    length >= 32 &&
    at(view, 0) === 49 &&
    isDigit(at(view, 1)) &&
    isDigit(at(view, 2)) &&
    isDigit(at(view, 3)) &&
    at(view, 10) === DOT &&
    isDigit(at(view, 13)) &&
    at(view, 14) === SPACE &&
    (at(view, 21) === SPACE || at(view, 22) === SPACE);
  if (!fits) return undefined;
  let cut = 14;
  while (at(line, cut) === SPACE) cut++;
  return { cut, timestamp: line.slice(0, cut - 1), header: false };
}

/** `[Time 2006.12.28 15:53:55 UTC] ...` */
function isAslLine(line: string): boolean {
  return (
    line.length >= 26 &&
    at(line, 5) === SPACE &&
    at(line, 10) === DOT &&
    at(line, 13) === DOT &&
    at(line, 16) === SPACE &&
    at(line, 19) === COLON
  );
}

/** Without a Message, the log is what follows the date up to the first `]` that ended a Sender or a Host. */
function readAsl(event: Event, line: string): void {
  let log: string | undefined;
  let cut = line.length;
  let open = line.indexOf('[', 25);
  while (open >= 0) {
    let from = open + 1;
    if (event.programName === undefined && line.startsWith('Sender ', from)) {
      const end = line.indexOf(']', from + 7);
      if (end < 0) break;
      event.programName = line.slice(from + 7, end);
      cut = Math.min(cut, end);
      from = end + 1;
    } else if (log === undefined && line.startsWith('Message ', from)) {
      const end = line.indexOf(']', from + 8);
      log = line.slice(from + 8, end < 0 ? line.length : end);
      if (end < 0) break;
      from = end + 1;
    } else if (line.startsWith('Host ', from)) {
      const end = line.indexOf(']', from + 5);
      if (end >= 0) {
        event.hostname = line.slice(from + 5, end);
        event.hostnameKnown = true;
        cut = Math.min(cut, end);
      }
      break;
    }
    open = line.indexOf('[', from);
  }
  event.log = log ?? line.slice(25, cut);
}

export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
