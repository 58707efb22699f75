import type { Counter, Meter } from '@opentelemetry/api';
import type { RulesetConfig } from './config.ts';
import type { HostIdentity } from './identity.ts';

/** What the processor counts about records. */
export type RulesetCounters = Record<
  'dropped' | 'ownRecords' | 'identityMissing' | 'attributesCut' | 'tripped' | 'staleRuns',
  Counter
>;

export function createCounters(meter: Meter): RulesetCounters {
  const counter = (name: string, description: string) =>
    meter.createCounter(`hids_ruleset_${name}`, { unit: '{record}', description });
  return {
    dropped: counter('dropped_events', 'events that never reach rules, by reason'),
    ownRecords: counter('own_records', 'records of our own scope, not evaluated again'),
    identityMissing: counter('identity_missing', 'records whose resource names no host'),
    attributesCut: counter('attributes_cut', 'attributes cut or dropped to keep alerts within limits'),
    tripped: counter('match_limit_tripped', 'matches given up, by rule or decoder'),
    staleRuns: counter('stale_runs', 'records of command runs that came after a later run, not evaluated'),
  };
}

/** Whether rules see so many records of this host; where their resource names none it is counted and may be refused. */
export function isTaken(
  { missing }: HostIdentity,
  count: number,
  { on_missing }: RulesetConfig['identity'],
  { identityMissing, dropped }: RulesetCounters,
  processor: string,
): boolean {
  if (!missing) return true;
  identityMissing.add(count, { processor });
  if (on_missing !== 'reject') return true;
  dropped.add(count, { processor, reason: 'no-host' });
  return false;
}
