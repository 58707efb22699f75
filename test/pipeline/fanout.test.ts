import { describe, expect, it } from 'vitest';
import { PermanentError, RefusedError } from '../../src/component/errors.ts';
import { createFanout } from '../../src/pipeline/fanout.ts';
import { createBatch } from '../support/batches.ts';
import { CollectingConsumer, TestWorkUnit } from '../support/consumers.ts';
import { createTestSettings } from '../support/settings.ts';

function setup(...mutates: boolean[]) {
  const settings = createTestSettings();
  const consumers = mutates.map((mutatesData) => new CollectingConsumer(mutatesData));
  const branches = consumers.map((consumer, index) => ({ name: `b${index}`, consumer }));
  const dropped = settings.meter.createCounter('dropped');
  return { settings, consumers, fanout: createFanout(branches, { logger: settings.logger, dropped }) };
}

const fails = (error: Error) => () => {
  throw error;
};

describe('fan-out', () => {
  it.each([
    { mutates: [false], originals: [0], mutatesData: false },
    { mutates: [true], originals: [0], mutatesData: true },
    { mutates: [false, false], originals: [0, 1], mutatesData: false },
    { mutates: [true, false], originals: [1], mutatesData: false },
    { mutates: [true, true, false], originals: [2], mutatesData: false },
    { mutates: [true, true], originals: [1], mutatesData: true },
  ])('gives copies to those who change it: $mutates', async ({ mutates, originals, mutatesData }) => {
    const { consumers, fanout } = setup(...mutates);
    const batch = createBatch(['a', 'b']);
    await fanout.consume(batch, new TestWorkUnit());
    expect(fanout.mutatesData).toBe(mutatesData);
    const gotOriginal = consumers.flatMap((consumer, index) => (consumer.batches[0] === batch ? [index] : []));
    expect(gotOriginal).toEqual(originals);
    for (const consumer of consumers) expect(consumer.batches).toEqual([batch]);
  });

  it('has room where all branches have', () => {
    const { consumers, fanout } = setup(false, true);
    expect(() => fanout.checkRoom?.()).not.toThrow();
    consumers[1].checkRoom = fails(new RefusedError('full', 10));
    expect(() => fanout.checkRoom?.()).toThrow(RefusedError);
  });

  it('does not let one branch that can never take a batch cost the others theirs', async () => {
    const { settings, consumers, fanout } = setup(false, false, false);
    consumers[1].fail = fails(new PermanentError('no such format'));
    await fanout.consume(createBatch(['a', 'b']), new TestWorkUnit());
    expect(consumers.map((consumer) => consumer.records.length)).toEqual([2, 0, 2]);
    expect(await settings.metrics.value('dropped', { branch: 'b1' })).toBe(2);
    expect(settings.logger.entries).toHaveLength(1);
  });

  it('passes the refusal on when no branch takes the batch', async () => {
    const { consumers, fanout } = setup(false, false);
    for (const consumer of consumers) consumer.fail = fails(new PermanentError('no'));
    await expect(fanout.consume(createBatch(['a']), new TestWorkUnit())).rejects.toBeInstanceOf(PermanentError);
  });

  it('ends at the first error that another attempt may mend', async () => {
    const { settings, consumers, fanout } = setup(false, false, false);
    consumers[0].fail = fails(new PermanentError('no'));
    consumers[1].fail = fails(new RefusedError('full', 10));
    await expect(fanout.consume(createBatch(['a']), new TestWorkUnit())).rejects.toBeInstanceOf(RefusedError);
    expect(consumers[2].batches).toEqual([]);
    expect(await settings.metrics.value('dropped')).toBe(0);
  });
});
