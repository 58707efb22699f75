import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/component/clock.ts';
import { createReceiverTelemetry } from '../../src/component/telemetry.ts';
import { createBatch } from './batches.ts';
import { CollectingIntake } from './consumers.ts';
import { FakeClock } from './fake-clock.ts';
import { createTestHost, createTestSettings } from './settings.ts';

describe('FakeClock', () => {
  it('runs timers in order of time, also those that timers set', async () => {
    const clock = new FakeClock(1000);
    const ran: string[] = [];
    clock.setTimeout(() => ran.push(`b@${clock.now()}`), 20);
    clock.setTimeout(() => {
      ran.push(`a@${clock.now()}`);
      clock.setTimeout(() => ran.push(`c@${clock.now()}`), 5);
    }, 10);
    clock.setTimeout(() => ran.push('never'), 31);
    clock.setTimeout(() => ran.push('cancelled'), 1).cancel();
    await clock.advance(30);
    expect(ran).toEqual(['a@1010', 'c@1015', 'b@1020']);
    expect(clock.now()).toBe(1030);
    expect(clock.nowUnixNano()).toBe(1_030_000_000n);
    expect(clock.pending).toBe(1);
    expect(clock.nextDelay).toBe(1);
  });

  it('lets promises between two timers continue', async () => {
    const clock = new FakeClock();
    const start = clock.now();
    let woke = 0;
    void (async () => {
      for (let i = 0; i < 3; i++) await sleep(clock, 10);
      woke = clock.now() - start;
    })();
    await clock.advance(30);
    expect(woke).toBe(30);
  });

  it('jumps without running timers', async () => {
    const clock = new FakeClock(0);
    let ran = false;
    clock.setTimeout(() => {
      ran = true;
    }, 10);
    clock.jump(3_600_000);
    expect(ran).toBe(false);
    await clock.advance(9);
    expect(ran).toBe(false);
    await clock.advance(1);
    expect(ran).toBe(true);
  });
});

describe('settings and host', () => {
  it('counts on a meter that can be read', async () => {
    const settings = createTestSettings({ id: 'otlp' });
    createReceiverTelemetry(settings.meter, 'otlp').accepted(3);
    createReceiverTelemetry(settings.meter, 'other').accepted(4);
    expect(await settings.metrics.value('otelcol_receiver_accepted_log_records', { receiver: 'otlp' })).toBe(3);
    expect(await settings.metrics.value('otelcol_receiver_accepted_log_records')).toBe(7);
    expect(await settings.metrics.value('nothing')).toBe(0);
    expect(await settings.metrics.names()).toEqual(['otelcol_receiver_accepted_log_records']);
  });

  it('hands out its store', async () => {
    const host = createTestHost();
    await host.store().commit([{ op: 'put', namespace: 'n', key: 'k', value: new Uint8Array([7]) }]);
    expect(host.defaultStore.get('n', 'k')).toEqual(new Uint8Array([7]));
    expect(() => host.store('keyv_storage')).toThrow('keyv_storage');
  });
});

describe('CollectingIntake', () => {
  it('keeps nothing of a batch it refused', async () => {
    const intake = new CollectingIntake();
    intake.fail = (_batch, call) => {
      if (call === 0) throw new Error('full');
    };
    const waiting = intake.waitForRecords(2);
    await expect(intake.consume(createBatch(['x']))).rejects.toThrow('full');
    await intake.consume(createBatch(['a', 'b']), [{ op: 'delete', namespace: 'n', key: 'k' }]);
    expect((await waiting).map((record) => record.body)).toEqual(['a', 'b']);
    expect(intake.progress).toHaveLength(1);
  });
});
