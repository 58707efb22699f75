import { describe, expect, it } from 'vitest';
import type { Intake } from '../../src/component/component.ts';
import { PermanentError, RefusedError } from '../../src/component/errors.ts';
import type { HealthEvent } from '../../src/component/health-event.ts';
import type { LogBatch, LogRecord } from '../../src/pdata/logs.ts';
import { HealthFeed } from '../../src/pipeline/health-feed.ts';
import { buildPipelines } from '../../src/pipeline/pipelines.ts';
import { settle } from '../support/fake-clock.ts';
import { createTestSettings } from '../support/settings.ts';
import { TestService } from './support.ts';

const letter = (reason: string, count = 1): HealthEvent => ({
  name: 'dead letter',
  subject: 'otlp_http',
  totals: { count },
  fields: { reason },
});

/** A feed into an intake that does what the test says. */
function createFeed(answer: (batch: LogBatch) => Promise<void> | void = () => {}) {
  const settings = createTestSettings({ id: 'pipelines' });
  const batches: LogBatch[] = [];
  const intake: Intake = {
    async consume(batch) {
      await answer(batch);
      batches.push(batch);
    },
  };
  const feed = new HealthFeed(intake, settings);
  const records = (): LogRecord[] => batches.flatMap((batch) => batch.logs.flatMap((group) => group.records));
  return { feed, settings, batches, records, bodies: () => records().map(({ body }) => body) };
}

describe('health feed', () => {
  it('makes trusted records of this host, each with an identity of its own', async () => {
    const { feed, batches, records } = createFeed();
    feed.start();
    feed.report(letter('no'));
    feed.report(letter('no'));
    await settle();
    expect(records().map(({ body }) => body)).toEqual(
      Array.from({ length: 2 }, () => "otel-hids: dead letter: subject='otlp_http' count=1 reason=no"),
    );
    expect(new Set(records().map(({ identity }) => identity)).size).toBe(2);
    const [{ trusted, resource, scope }] = batches[0].logs;
    expect(trusted).toBe(true);
    expect(scope.name).toBe('');
    expect(Object.fromEntries(resource.attributes)).toEqual({ 'host.name': 'test-host', 'host.id': 'test-host-id' });
    expect(records()[0]).toMatchObject({ eventName: 'hids.health' });
    expect(records()[0].attributes.get('hids.location')).toBe('otel-hids');
    feed.stop();
  });

  it('waits until the pipeline takes records', async () => {
    const { feed, bodies } = createFeed();
    feed.report(letter('early'));
    await settle();
    expect(bodies()).toEqual([]);
    feed.start();
    await settle();
    expect(bodies()).toHaveLength(1);
    feed.stop();
  });

  it('repeats itself a few times and then once a minute, with the numbers added up', async () => {
    const { feed, bodies, settings } = createFeed();
    feed.start();
    for (let index = 1; index <= 8; index++) feed.report(letter(`no${index}`, 10));
    feed.report({ name: 'queue full', subject: 'otlp_http' });
    await settle();
    expect(bodies()).toHaveLength(6);
    await settings.clock.advance(60_000);
    expect(bodies().slice(6)).toEqual(["otel-hids: dead letter: subject='otlp_http' count=30 reason=no8"]);
    for (let index = 1; index <= 8; index++) feed.report(letter(`later${index}`));
    await settings.clock.advance(59_999);
    expect(bodies()).toHaveLength(11);
    await settings.clock.advance(1);
    expect(bodies()).toHaveLength(12);
    await settings.clock.advance(120_000);
    expect(settings.clock.pending).toBe(0);
    feed.stop();
  });

  it('cannot be kept busy by alerts about itself that are refused', async () => {
    let alerts = 0;
    const { feed, settings } = createFeed(() => {
      alerts++;
      queueMicrotask(() => feed.report(letter('refused for ever')));
    });
    feed.start();
    feed.report(letter('first'));
    await settle();
    expect(alerts).toBeLessThanOrEqual(5);
    await settings.clock.advance(600_000);
    expect(alerts).toBeLessThanOrEqual(5 + 10 * 5);
    feed.stop();
  });

  it('comes again after a refusal, and gives up what can never be taken', async () => {
    const answers: (Error | undefined)[] = [new RefusedError('full', 5000), new Error('broken'), undefined];
    const { feed, bodies, settings } = createFeed(() => {
      const answer = answers.shift();
      if (answer) throw answer;
    });
    feed.start();
    feed.report(letter('a'));
    await settings.clock.advance(4999);
    expect(answers).toHaveLength(2);
    await settings.clock.advance(1);
    expect(answers).toHaveLength(1);
    await settings.clock.advance(1000);
    expect(bodies()).toHaveLength(1);
    answers.push(new PermanentError('never'));
    feed.report(letter('b'));
    feed.report(letter('c'));
    await settle();
    expect(bodies().map((body) => String(body).slice(-1))).toEqual(['a', 'c']);
    expect(await settings.metrics.value('hids_health_events_dropped', { reason: 'refused' })).toBe(1);
    feed.stop();
  });

  it('is bounded while nobody takes anything, and its caller never waits', async () => {
    const { feed, settings } = createFeed(() => new Promise(() => {}));
    feed.start();
    for (let index = 0; index < 20_000; index++) {
      feed.report({ name: 'source silent', subject: `host-${index}`, detail: 'x'.repeat(10) });
    }
    expect(await settings.metrics.value('hids_health_events_dropped', { reason: 'full' })).toBe(9000);
    expect(await settings.metrics.value('hids_health_events_dropped', { reason: 'too_many_subjects' })).toBe(10_000);
    feed.stop();
    feed.report(letter('late'));
    expect(await settings.metrics.value('hids_health_events_dropped', { reason: 'stopped' })).toBe(1);
    expect(settings.clock.pending).toBe(0);
  });

  it('hands over what waits when it stops, and drops it where that fails', async () => {
    const { feed, bodies } = createFeed();
    feed.start();
    for (let index = 0; index < 7; index++) feed.report(letter(`${index}`));
    feed.stop();
    await settle();
    expect(bodies()).toHaveLength(6);
    const failing = createFeed(() => {
      throw new RefusedError('full', 60_000);
    });
    failing.feed.start();
    failing.feed.report(letter('x'));
    await settle();
    failing.feed.stop();
    await settle();
    expect(await failing.settings.metrics.value('hids_health_events_dropped')).toBe(1);
    expect(failing.settings.clock.pending).toBe(0);
  });
});

describe('health events of components', () => {
  const event: HealthEvent = { name: 'queue full', subject: 'me' };
  const report = {
    onStart: (host: { reportHealth(event: HealthEvent): void }) => host.reportHealth(event),
  };
  const detect = { receivers: ['r1'], processors: ['p'], exporters: ['e1'] };
  const archive = { receivers: ['r2'], processors: [], exporters: ['e2', 'shared'] };

  it.each([
    ['an exporter of the detecting pipeline', 'e1', { detect, archive }, 'e1'],
    ['an exporter of a pipeline without processors', 'e2', { archive, detect }, 'e1'],
    ['a receiver of a pipeline without processors', 'r2', { archive, detect }, 'e1'],
    ['an exporter of both', 'shared', { archive, detect: { ...detect, exporters: ['e1', 'shared'] } }, 'e1'],
    ['an extension', 'x', { archive, detect }, 'e1'],
    ['a processor', 'p', { archive, detect }, 'e1'],
    ['all of a configuration without processors', 'r2', { archive }, 'e2'],
  ])('those of %s go through one pipeline', async (_what, id, pipelines, expected) => {
    const service = new TestService({ [id]: report });
    const built = buildPipelines(service.spec(pipelines, ['x']), service.environment);
    await built.start();
    await settle();
    const bodies = service.exporters.get(expected)?.records.map(({ body }) => body);
    expect(bodies).toEqual(["otel-hids: queue full: subject='me'"]);
    await built.shutdown();
    expect(service.settings.clock.pending).toBe(0);
  });

  it('reach the exporters while the pipelines stop', async () => {
    let host: { reportHealth(event: HealthEvent): void } | undefined;
    const service = new TestService({
      r1: {
        onStart: (given) => {
          host = given;
        },
        onShutdown: () => host?.reportHealth(event),
      },
    });
    const built = buildPipelines(service.spec({ detect }), service.environment);
    await built.start();
    await built.shutdown();
    expect(service.exporters.get('e1')?.records).toHaveLength(1);
  });

  it('says that what has not been started is not ready', async () => {
    const states: string[] = [];
    const service = new TestService({
      x: { onStart: (host) => void states.push(`${host.health().components.get('receiver:r1')?.state}`) },
    });
    const built = buildPipelines(service.spec({ detect }, ['x']), service.environment);
    await built.start();
    expect(states).toEqual(['starting']);
    await built.shutdown();
  });
});
