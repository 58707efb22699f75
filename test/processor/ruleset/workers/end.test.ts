import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ActivityCells } from '../../../../src/processor/ruleset/workers/activity.ts';
import { describeEnd } from '../../../../src/processor/ruleset/workers/shard-worker.ts';
import { createContent, rules, start } from './bench.ts';

describe('the end of a worker', () => {
  const activity = new ActivityCells();
  activity.begin('evaluating');

  it.each([
    [{ reason: new TypeError('no such thing') }, 'ended: no such thing (exit code 1, while evaluating, message 1)'],
    [{ reason: 'a text' }, 'ended: a text (exit'],
    [{ reason: undefined }, 'ended: undefined (exit'],
    [undefined, 'ended without an error (exit code 1, while evaluating'],
    [
      { reason: Object.assign(new Error('limit'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }) },
      'ended: limit (ERR_WORKER_OUT_OF_MEMORY) (exit',
    ],
  ])('%j is told', (found, text) => {
    expect(describeEnd(found, 1, activity).message).toContain(text);
  });

  it('is logged with its reason, its code and what it was about', async () => {
    const content = createContent();
    const bench = await start(content.config, 2);
    await bench.send({ host: 'a', lines: ['x'] });
    await Promise.all(bench.threads.map((thread) => thread.terminate()));
    const [entry] = bench.settings.logger.entries.filter(({ level }) => level === 'error');
    // Whether the thread has taken note of the commit by then is its own affair.
    expect(String((entry!.fields as { error: unknown }).error)).toMatch(
      /ended without an error \(exit code 1, while (?:waiting|confirming), message \d+, heap \d+ of \d+ MB\)/,
    );
    await bench.stop();
  });

  it('comes with the error of the thread where it had one, and with a message that cannot be read', async () => {
    const content = createContent();
    const bench = await start(content.config, 2);
    // The thread has no such message: what it does about it is its own error.
    bench.threads[0]!.postMessage({ kind: 'restore' });
    await expect.poll(() => bench.host.statuses.get('ruleset')?.reason).toMatch(/ended: .*while restoring its state/);
    await bench.send({ host: 'a', lines: ['x'] });
    await bench.stop();
  });

  it('is not waited for where it cannot get its rules: another one is started', async () => {
    const content = createContent();
    const bench = await start(content.config, 2);
    await bench.threads[0]!.terminate();
    const failing = (worker: Worker) => worker.terminate();
    process.once('worker', failing);
    await expect(bench.send({ host: 'a', lines: ['x'] })).rejects.toThrow('ended');
    await bench.clock.advance(1000);
    await bench.send({ host: 'a', lines: ['x'] });
    content.writeRules(rules(9));
    await bench.processor.reload();
    await bench.send({ host: 'a', lines: ['x'] });
    expect(bench.host.statuses.get('ruleset')?.state).toBe('ok');
    await bench.stop();
  });
});
