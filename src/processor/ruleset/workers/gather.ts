import type { WorkUnit } from '../../../component/state-store.ts';
import type { LogRecord, ScopeLogs } from '../../../pdata/logs.ts';
import { createAlertResource } from '../alert/record.ts';
import type { RulesetConfig } from '../config.ts';
import type { HostIdentity } from '../identity.ts';
import { annotate, createAlertGroup } from '../outgoing.ts';
import type { ShardAlert, ShardOutcome } from './outcome-codec.ts';

/** A group of the batch on its way through a worker. */
export interface SentGroup {
  readonly group: ScopeLogs;
  readonly host: HostIdentity;
  readonly shard: number;
  /** Number of its first record in the batch, and of the first of the next group. */
  readonly from: number;
  readonly to: number;
}

/** What leaves, in the order of the batch; groups that went to no worker stay what they are. */
export function gather(
  sent: readonly (SentGroup | ScopeLogs)[],
  outcomes: ReadonlyMap<number, readonly ShardOutcome[]>,
  { emit, resource }: Pick<RulesetConfig, 'emit' | 'resource'>,
): ScopeLogs[] {
  const found = new Map([...outcomes].map(([shard, all]) => [shard, all.flatMap(({ alerts }) => alerts)] as const));
  const taken = new Map<number, number>();
  const logs: ScopeLogs[] = [];
  for (const entry of sent) {
    const group = 'group' in entry ? entry.group : entry;
    if (emit !== 'alerts') logs.push(group);
    if (!('group' in entry)) continue;
    const { host, shard, from, to } = entry;
    const alerts = found.get(shard) ?? [];
    let next = taken.get(shard) ?? 0;
    const records: LogRecord[] = [];
    for (; next < alerts.length && alerts[next]!.order < to; next++) {
      place(alerts[next]!, group.records, from, records);
    }
    taken.set(shard, next);
    if (records.length > 0) logs.push(createAlertGroup(createAlertResource(group.resource, host, resource), records));
  }
  return logs;
}

/** An alert leaves beside the records, a decision alone goes on its record. */
function place(
  { order, record, alert }: ShardAlert,
  group: readonly LogRecord[],
  from: number,
  out: LogRecord[],
): void {
  if (record) out.push(record);
  else if (alert) annotate(group[order - from]!, alert.whole);
}

/**
 * Gives the memory of what came from the workers back at once. It is outside of the heap: waiting for it to be found unused
 * would make for more collections of the whole heap than all else here.
 */
export function release(outcomes: ReadonlyMap<number, readonly ShardOutcome[]>, work: WorkUnit): void {
  for (const all of outcomes.values()) {
    for (const { message, memory } of all) {
      // What is remembered stands in the message, too, until the store has a copy.
      if (memory) work.onCommit(() => message.transfer(0));
      else message.transfer(0);
    }
  }
}
