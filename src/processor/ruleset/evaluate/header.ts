import type { Dialect } from '../compile/ruleset.ts';
import type { Event } from './event.ts';

const NAME_CHARACTER = new Uint8Array(256);
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()-./@_') {
  NAME_CHARACTER[character.charCodeAt(0)] = 1;
}

const SPACE = 32;
const COLON = 58;
const OPEN = 91;
const CLOSE = 93;
const PIPE = 124;

/**
 * Host and program after a syslog date (ruleset-engine 3.3). What looks like a program decides which decoders are
 * tried at all, so every oddity counts: a cut-off name may also cut the log, since both were one buffer.
 */
export function readHeader(event: Event, line: string, start: number, dialect: Dialect): void {
  if (line.charCodeAt(start) === SPACE) start++;
  const hostEnd = skipName(line, start);
  const after = line.charCodeAt(hostEnd);
  if (after === COLON && line.charCodeAt(hostEnd + 1) === SPACE) {
    // Solaris writes no host.
    event.programName = line.slice(start, hostEnd);
    setLog(event, line, hostEnd + 2, dialect);
    return;
  }
  if (after !== SPACE) {
    event.log = line.slice(start);
    return;
  }
  event.hostname = line.slice(start, hostEnd);
  event.hostnameKnown = true;
  readProgram(event, line, hostEnd + 1, dialect);
}

function readProgram(event: Event, line: string, start: number, dialect: Dialect): void {
  const end = skipName(line, start);
  const after = line.charCodeAt(end);
  const wazuh = dialect === 'wazuh';
  if (after === COLON && (wazuh || line.charCodeAt(end + 1) === SPACE)) {
    event.programName = line.slice(start, end);
    setLog(event, line, line.charCodeAt(end + 1) === SPACE ? end + 2 : end + 1, dialect);
    return;
  }
  event.log = line.slice(start);
  if (after === OPEN && isDigit(line.charCodeAt(end + 1))) {
    const close = skipDigits(line, end + 2);
    if (line.charCodeAt(close) !== CLOSE) return;
    const next = line.charCodeAt(close + 1);
    const blank = line.charCodeAt(close + 2) === SPACE;
    let log = -1;
    if (next === COLON && (wazuh || blank)) log = close + (blank ? 3 : 2);
    else if (next === SPACE) log = close + 2;
    if (log < 0) return;
    event.programName = line.slice(start, end);
    setLog(event, line, log, dialect);
  } else if (after === PIPE && isLower(line.charCodeAt(end + 1))) readAixProgram(event, line, start, end + 2, dialect);
}

/** `auth|security:info app[12]: text` */
function readAixProgram(event: Event, line: string, start: number, facility: number, dialect: Dialect): void {
  const facilityEnd = skipAlphanumeric(line, facility);
  if (line.charCodeAt(facilityEnd) !== COLON) return;
  const severityEnd = skipAlphanumeric(line, facilityEnd + 1);
  if (line.charCodeAt(severityEnd) !== SPACE) return;
  const name = severityEnd + 1;
  const end = skipName(line, name);
  const after = line.charCodeAt(end);
  if (after === COLON && line.charCodeAt(end + 1) === SPACE) {
    event.programName = line.slice(name, end);
    setLog(event, line, end + 2, dialect);
  } else if (after === OPEN && isDigit(line.charCodeAt(end + 1))) {
    event.programName = line.slice(name, end);
    const close = skipDigits(line, end + 2);
    if (line.startsWith(']: ', close)) setLog(event, line, close + 3, dialect);
    else event.log = line.slice(start, end);
  } else {
    // The name is never ended: it is all the rest, while the log begins behind its first word.
    event.programName = line.slice(name);
    setLog(event, line, end, dialect);
  }
}

/** Also skips Solaris' `[ID 12345 auth.info] `. */
function setLog(event: Event, line: string, start: number, dialect: Dialect): void {
  if (line.startsWith('[ID ', start)) {
    const close = line.indexOf(dialect === 'wazuh' ? ']' : '] ', start + 4);
    if (close >= 0) start = close + 2;
  }
  event.log = line.slice(start);
}

function skipName(line: string, index: number): number {
  while (NAME_CHARACTER[line.charCodeAt(index)] === 1) index++;
  return index;
}

function skipDigits(line: string, index: number): number {
  while (isDigit(line.charCodeAt(index))) index++;
  return index;
}

function skipAlphanumeric(line: string, index: number): number {
  for (;;) {
    const code = line.charCodeAt(index);
    if (!isDigit(code) && !isLower(code) && !(code >= 65 && code <= 90)) return index;
    index++;
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLower = (code: number): boolean => code >= 97 && code <= 122;
