import type { Ruleset } from '../compile/ruleset.ts';
import { type Event, memoryHost } from './event.ts';
import { agentName } from './location.ts';
import type { Snapshots } from './state/snapshots.ts';

/** Longer logs are not compared (the original reports an error). */
export const MAX_DIFF_SIZE = 65536;

/** `stale`: the run of a command is older than the one whose text is kept. */
export type DiffOutcome = 'changed' | 'equal' | 'first' | 'too-large' | 'stale';

/**
 * `check_diff`: the log against the last one of the same host and rule (ruleset-engine 8.1). Unless strict, the alias
 * of a command is part of the slot, so that two commands under one rule do not change each other's text.
 */
export function checkDiff(event: Event, ruleId: string, snapshots: Snapshots, ruleset: Ruleset): DiffOutcome {
  if (event.size >= MAX_DIFF_SIZE) return 'too-large';
  const strict = ruleset.compat === 'strict';
  const host = memoryHost(event);
  const slot = diffSlot(event.hostname, ruleId, strict ? undefined : event.alias);
  const time = (strict ? undefined : event.runTimeMs) ?? 0;
  const old = snapshots.get(slot);
  if (old && time !== 0 && time < old.time) return 'stale';
  if (old?.text === event.log) {
    if (time > old.time) snapshots.set(slot, host, event.log, time);
    return 'equal';
  }
  snapshots.set(slot, host, event.log, time);
  if (!old) return 'first';
  event.previous = ['Previous output:', old.text];
  event.previousLog = old.text;
  return 'changed';
}

function diffSlot(hostname: string, ruleId: string, alias: string | undefined): string {
  const host = hostname.startsWith('(') ? agentName(hostname) || hostname : hostname;
  return JSON.stringify(alias === undefined ? [ruleId, host] : [ruleId, host, alias]);
}
