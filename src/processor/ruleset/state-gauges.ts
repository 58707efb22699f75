import type { BatchObservableResult } from '@opentelemetry/api';
import type { Settings } from '../../component/host.ts';
import type { EngineState } from './evaluate/state.ts';

/** Shows how much the engine remembers, by kind, beside what it had to forget. Returns what ends that. */
export function observeState({ meter, id, pipeline }: Settings, state: Pick<EngineState, 'sizes'>): () => void {
  const entries = meter.createObservableGauge('hids_ruleset_state_entries', {
    unit: '{entry}',
    description: 'Entries of detection state, by kind; past events only where hosts have quotas of them',
  });
  const bytes = meter.createObservableGauge('hids_ruleset_state_bytes', {
    unit: 'By',
    description: 'Bytes of detection state as accounted, by kind; check_diff texts: those on disk',
  });
  const common = { processor: id, ...(pipeline !== undefined && { pipeline }) };
  const observe = (result: BatchObservableResult) => {
    for (const [kind, size] of state.sizes()) {
      result.observe(entries, size.entries, { ...common, kind });
      result.observe(bytes, size.bytes, { ...common, kind });
    }
  };
  meter.addBatchObservableCallback(observe, [entries, bytes]);
  return () => meter.removeBatchObservableCallback(observe, [entries, bytes]);
}
