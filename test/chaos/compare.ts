import { type ArrivedAlert, canonical } from './backend.ts';
import type { Load } from './load.ts';

const SHOWN = 4;
const SHOWN_LENGTH = 160;
/** Rules of the first three sources. */
const OTLP_RULES = /^110[012]\d\d$/;

/**
 * What differs between the alerts of a disturbed run and those of an undisturbed one over the same input. Uids of files and
 * commands name the run's own inodes and start times: so alerts are compared by all that the input decides, among it
 * how often the rule fired, and each uid stands for exactly one alert.
 */
export function compareRuns(
  disturbed: ReadonlyMap<string, ArrivedAlert>,
  undisturbed: ReadonlyMap<string, ArrivedAlert>,
): string[] {
  const found: string[] = [];
  const left = countCanonical(undisturbed);
  const extra: string[] = [];
  for (const text of [...disturbed.values()].map(canonical)) {
    const count = left.get(text) ?? 0;
    if (count === 0) extra.push(text);
    else if (count === 1) left.delete(text);
    else left.set(text, count - 1);
  }
  const missing = [...left.keys()];
  if (missing.length > 0) found.push(list(`${missing.length} alerts are missing`, missing));
  if (extra.length > 0) found.push(list(`${extra.length} alerts should not be there`, extra));
  // What OTLP senders sent is named by its bytes alone, so here even the uids are the same.
  for (const [uid, alert] of undisturbed) {
    if (isOtlp(alert) && !disturbed.has(uid)) found.push(`uid ${uid} is missing: ${shorten(canonical(alert))}`);
  }
  return found.slice(0, SHOWN);
}

/** Every line and every change of an output gives one alert: the undisturbed run is held to that too. */
export function checkComplete(alerts: ReadonlyMap<string, ArrivedAlert>, load: Load): string[] {
  const expected = load.lines + load.changes;
  return alerts.size === expected ? [] : [`${alerts.size} alerts of ${expected}`];
}

function isOtlp(alert: ArrivedAlert): boolean {
  return OTLP_RULES.test(alert.rule);
}

function countCanonical(alerts: ReadonlyMap<string, ArrivedAlert>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const alert of alerts.values()) {
    const text = canonical(alert);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

function list(title: string, texts: readonly string[]): string {
  const more = texts.length > SHOWN ? `\n  ... and ${texts.length - SHOWN} more` : '';
  return `${title}:\n  ${texts.slice(0, SHOWN).map(shorten).join('\n  ')}${more}`;
}

function shorten(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
}
