import { describe, expect, it } from 'vitest';
import { SilenceWatch } from '../../src/component/silence-watch.ts';
import { createTestHost, createTestSettings } from '../support/settings.ts';

const MINUTE = 60_000;

function createWatch(expectEvery: number) {
  const settings = createTestSettings({ id: 'otlp' });
  const host = createTestHost();
  const watch = new SilenceWatch(settings, host, expectEvery);
  return {
    watch,
    settings,
    /** Time passes, with a look every interval. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= watch.interval) {
        await settings.clock.advance(Math.min(left, watch.interval));
        watch.check();
      }
    },
    events: () => host.healthEvents.map(({ name, subject, fields }) => `${name} ${subject} ${fields?.silent}`),
  };
}

describe('silence watch', () => {
  it('says once that a source is silent, and that it is back', async () => {
    const { watch, pass, events } = createWatch(5 * MINUTE);
    watch.seen('web01');
    watch.seen('web02');
    await pass(4 * MINUTE);
    watch.seen('web02');
    expect(events()).toEqual([]);
    await pass(MINUTE);
    expect(events()).toEqual(['source silent web01 300s']);
    await pass(3 * MINUTE);
    watch.seen('web02');
    await pass(MINUTE);
    watch.seen('web01');
    watch.seen('web01');
    expect(events()).toEqual(['source silent web01 300s', 'source active web01 540s']);
    watch.close();
  });

  it('shows how long each source has been silent', async () => {
    const { watch, pass, settings } = createWatch(MINUTE);
    watch.seen('web01');
    await pass(2 * MINUTE);
    watch.seen('web02');
    expect(await settings.metrics.value('hids_source_silence', { source: 'web01', receiver: 'otlp' })).toBe(120);
    expect(await settings.metrics.value('hids_sources', { state: 'silent' })).toBe(1);
    expect(await settings.metrics.value('hids_sources', { state: 'active' })).toBe(1);
    watch.close();
  });

  it('takes a machine that slept, or a clock that was set, for no silence', async () => {
    const { watch, settings, events } = createWatch(60 * MINUTE);
    watch.seen('web01');
    settings.clock.jump(3 * 3_600_000);
    watch.check();
    settings.clock.jump(-6 * 3_600_000);
    watch.check();
    expect(events()).toEqual([]);
    watch.close();
  });

  it('bounds how many it knows and shows', async () => {
    const { watch, settings } = createWatch(3_600_000);
    for (let index = 0; index < 20_000; index++) watch.seen(`forged-${index}`);
    expect(await settings.metrics.value('hids_sources')).toBe(10_000);
    expect(await settings.metrics.points('hids_source_silence')).toHaveLength(1000);
    watch.close();
  });

  it('forgets who does not come back for a month', async () => {
    const { watch, settings, events } = createWatch(MINUTE);
    watch.seen('web01');
    for (let minutes = 0; minutes <= 30 * 24 * 60 + 2; minutes++) {
      settings.clock.jump(MINUTE);
      watch.check();
    }
    expect(await settings.metrics.value('hids_sources')).toBe(0);
    watch.seen('web01');
    expect(events()).toEqual(['source silent web01 60s']);
    watch.close();
  });
});
