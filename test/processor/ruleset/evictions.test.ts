import { expect, it } from 'vitest';
import { EngineState } from '../../../src/processor/ruleset/evaluate/state.ts';
import { EvictionReports } from '../../../src/processor/ruleset/evictions.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';

it('counts and reports what is forgotten for want of room, once', async () => {
  const settings = createTestSettings({ id: 'ruleset' });
  const host = createTestHost();
  const reports = new EvictionReports(settings, host);
  const state = new EngineState({ fts: { entries: 3, bytes: 1e6, hostEntries: 2, hostBytes: 1e6 } });
  for (const key of ['a', 'b']) state.fts.add(key, 'h');
  reports.look(state);
  expect(host.healthEvents).toEqual([]);
  for (const key of ['c', 'd', 'e']) state.fts.add(key, 'h');
  reports.look(state);
  reports.look(state);
  expect(host.healthEvents).toEqual([
    { name: 'state evicted', subject: 'first-seen keys', fields: { host: 'h', bound: 'host' }, totals: { count: 3 } },
  ]);
  expect(
    await settings.metrics.value('hids_ruleset_state_evicted', { kind: 'fts', bound: 'host', processor: 'ruleset' }),
  ).toBe(3);
});
