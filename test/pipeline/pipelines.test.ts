import { describe, expect, it } from 'vitest';
import { ConfigError, PermanentError, RefusedError } from '../../src/component/errors.ts';
import type { Host } from '../../src/component/host.ts';
import type { StateStore } from '../../src/component/state-store.ts';
import type { LogBatch } from '../../src/pdata/logs.ts';
import { buildPipelines } from '../../src/pipeline/pipelines.ts';
import { createBatch } from '../support/batches.ts';
import { settle } from '../support/fake-clock.ts';
import type { Behaviour } from './support.ts';
import { TestService } from './support.ts';

const one = { logs: { receivers: ['r'], processors: ['p1', 'p2'], exporters: ['e'] } };

describe('life of pipelines', () => {
  it('starts sinks first and sources last, and stops in the order of the data', async () => {
    const service = new TestService();
    const pipelines = buildPipelines(service.spec(one, ['x1', 'x2']), service.environment);
    expect(service.events.every((event) => event.startsWith('create'))).toBe(true);
    service.events.length = 0;
    await pipelines.start();
    expect(service.events).toEqual([
      'start x1',
      'start x2',
      'open store',
      'start e',
      'start p2@logs',
      'start p1@logs',
      'start r',
    ]);
    expect(pipelines.health().state).toBe('ok');
    service.events.length = 0;
    await Promise.all([pipelines.shutdown(), pipelines.shutdown()]);
    await pipelines.shutdown();
    expect(service.events).toEqual(['stop r', 'stop p1@logs', 'stop p2@logs', 'stop e', 'stop x2', 'stop x1']);
    await expect(service.defaultStore.commit([])).rejects.toThrow('closed');
    expect(pipelines.health().state).toBe('stopped');
    expect(service.settings.clock.pending).toBe(0);
  });

  it('is shut down without having been started', async () => {
    const service = new TestService();
    await buildPipelines(service.spec(one), service.environment).shutdown();
    expect(service.events.filter((event) => event.startsWith('stop'))).toEqual([]);
  });

  it('stops what was started when something does not start, and names it', async () => {
    const service = new TestService({
      p1: {
        onStart: () => {
          throw new ConfigError('rules: not found');
        },
      },
    });
    const pipelines = buildPipelines(service.spec(one), service.environment);
    const error = await pipelines.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toBe('ConfigError: processor "p1" did not start: rules: not found');
    expect(service.events.filter((event) => event.startsWith('stop'))).toEqual([
      'stop p1@logs',
      'stop p2@logs',
      'stop e',
    ]);
    expect(service.events).not.toContain('start r');
    await expect(service.defaultStore.commit([])).rejects.toThrow('closed');
    await pipelines.shutdown();
  });

  it('starts nothing more once it is told to stop', async () => {
    let release = () => {};
    const service = new TestService({
      e: { onStart: () => new Promise<void>((resolve) => (release = resolve)) },
    });
    const pipelines = buildPipelines(service.spec(one), service.environment);
    const started = pipelines.start();
    await settle();
    const stopped = pipelines.shutdown();
    release();
    await Promise.all([started, stopped]);
    expect(service.events).not.toContain('start r');
    expect(service.events.filter((event) => event.startsWith('stop'))).toEqual(['stop e']);
  });

  it('goes on without a component that does not stop in time, or fails to', async () => {
    const service = new TestService({
      r: { onShutdown: () => new Promise<void>(() => {}) },
      p1: {
        onShutdown: () => {
          throw new Error('a bug');
        },
      },
    });
    const pipelines = buildPipelines(service.spec(one), service.environment);
    await pipelines.start();
    service.events.length = 0;
    const stopped = pipelines.shutdown(10_000);
    await service.settings.clock.advance(10_000);
    await stopped;
    expect(service.events).toEqual(['stop p2@logs', 'stop e']);
    expect(service.settings.logger.entries.filter((entry) => entry.level === 'error')).toMatchObject([
      { fields: { component: 'receiver:r' }, message: expect.stringContaining('time limit') },
      { fields: { component: 'processor:p1', error: 'a bug' } },
    ]);
  });

  it('waits for the batches under way before it stops what they pass', async () => {
    const service = new TestService();
    const pipelines = buildPipelines(service.spec(one), service.environment);
    await pipelines.start();
    let release = () => {};
    service.exporters.get('e')!.fail = () => new Promise<void>((resolve) => (release = resolve));
    const consumed = service.intakes.get('r')!.consume(createBatch(['x']));
    await settle();
    service.events.length = 0;
    const stopped = pipelines.shutdown();
    await settle();
    expect(service.events).toEqual(['stop r']);
    release();
    await consumed;
    await stopped;
    expect(service.events).toEqual(['stop r', 'stop p1@logs', 'stop p2@logs', 'stop e']);
  });
});

describe('the graph', () => {
  it.each<[string, Parameters<TestService['spec']>[0], string]>([
    ['no pipeline', {}, 'service.pipelines: there is no pipeline'],
    ['no receiver', { logs: { exporters: ['e'] } }, 'service.pipelines.logs.receivers: must name at least one'],
    ['no exporter', { logs: { receivers: ['r'] } }, 'service.pipelines.logs.exporters: must name at least one'],
    [
      'an exporter twice',
      { logs: { receivers: ['r'], exporters: ['e', 'e'] } },
      'service.pipelines.logs.exporters: "e" is listed twice',
    ],
  ])('refuses %s', (_name, pipelines, message) => {
    const service = new TestService();
    expect(() => buildPipelines(service.spec(pipelines), service.environment)).toThrow(new ConfigError(message));
  });

  it('refuses a component that is not defined', () => {
    const service = new TestService();
    const spec = { ...service.spec(one), processors: new Map() };
    expect(() => buildPipelines(spec, service.environment)).toThrow(
      'service.pipelines.logs.processors: "p1" is not defined under processors',
    );
    const listed = { ...service.spec(one), service: { ...service.spec(one).service, extensions: ['x'] } };
    expect(() => buildPipelines(listed, service.environment)).toThrow(
      'service.extensions: "x" is not defined under extensions',
    );
  });

  it('shares receivers and exporters between pipelines and gives each its own processors', async () => {
    const mark = (name: string): Behaviour => ({
      mutatesData: true,
      process: (batch) => {
        for (const record of batch.logs[0].records) record.attributes.set('by', name);
        return batch;
      },
    });
    const service = new TestService({ 'p@logs/a': mark('a'), 'p@logs/b': mark('b') });
    const pipelines = buildPipelines(
      service.spec({
        'logs/a': { receivers: ['r'], processors: ['p'], exporters: ['e', 'only-a'] },
        'logs/b': { receivers: ['r', 'r2'], processors: ['p'], exporters: ['e'] },
      }),
      service.environment,
    );
    const created = service.events.filter((event) => event.startsWith('create'));
    expect(created.toSorted()).toEqual(
      ['create e', 'create only-a', 'create p@logs/a', 'create p@logs/b', 'create r', 'create r2'].toSorted(),
    );
    await pipelines.start();
    const batch = createBatch(['x']);
    await service.intakes.get('r')!.consume(batch);
    // The receiver's own batch is as it was, so that it could hand it over again.
    expect(batch.logs[0].records[0].attributes.size).toBe(0);
    const seen = (id: string) => service.exporters.get(id)!.records.map((record) => record.attributes.get('by'));
    expect(seen('e')).toEqual(['a', 'b']);
    expect(seen('only-a')).toEqual(['a']);
    await service.intakes.get('r2')!.consume(createBatch(['y']));
    expect(seen('e')).toEqual(['a', 'b', 'b']);
    await pipelines.shutdown();
  });

  it('works on no batch that an exporter has no room for', async () => {
    const processed: LogBatch[] = [];
    const service = new TestService({
      p: {
        process: (batch) => {
          processed.push(batch);
          return batch;
        },
      },
    });
    const spec = service.spec({ 'logs/a': { receivers: ['r'], processors: ['p'], exporters: ['a', 'b'] } });
    const pipelines = buildPipelines(spec, service.environment);
    await pipelines.start();
    const intake = service.intakes.get('r')!;
    service.exporters.get('b')!.checkRoom = () => {
      throw new RefusedError('full', 10);
    };
    await expect(intake.consume(createBatch(['x']))).rejects.toThrow('full');
    expect(processed).toEqual([]);
    service.exporters.get('b')!.checkRoom = () => {};
    await intake.consume(createBatch(['y']));
    expect(processed).toHaveLength(1);
    await pipelines.shutdown();
  });

  it('makes one unit of work of a batch for two pipelines', async () => {
    const service = new TestService();
    const pipelines = buildPipelines(
      service.spec({
        'logs/a': { receivers: ['r'], exporters: ['a'] },
        'logs/b': { receivers: ['r'], exporters: ['b'] },
      }),
      service.environment,
    );
    await pipelines.start();
    const intake = service.intakes.get('r')!;
    const progress = [{ op: 'put', namespace: 'r', key: 'offset', value: Buffer.from('1') }] as const;
    service.exporters.get('b')!.fail = () => {
      throw new Error('not now');
    };
    await expect(intake.consume(createBatch(['x']), progress)).rejects.toThrow('not now');
    expect(service.defaultStore.get('r', 'offset')).toBeUndefined();
    service.exporters.get('b')!.fail = () => {
      throw new PermanentError('never');
    };
    await intake.consume(createBatch(['x']), progress);
    expect(service.defaultStore.get('r', 'offset')).toBeDefined();
    const dropped = { branch: 'pipeline/logs/b' };
    expect(await service.settings.metrics.value('hids_pipeline_dropped_log_records', dropped)).toBe(1);
    await pipelines.shutdown();
  });

  it('lets one pipeline go on while another, with other receivers, is stuck', async () => {
    const service = new TestService();
    const pipelines = buildPipelines(
      service.spec({
        'logs/a': { receivers: ['ra'], exporters: ['a'] },
        'logs/b': { receivers: ['rb'], exporters: ['b'] },
      }),
      service.environment,
    );
    await pipelines.start();
    let release = () => {};
    service.exporters.get('a')!.fail = () => new Promise<void>((resolve) => (release = resolve));
    const stuck = service.intakes.get('ra')!.consume(createBatch(['x']));
    await service.intakes.get('rb')!.consume(createBatch(['y']));
    expect(service.exporters.get('b')!.records).toHaveLength(1);
    release();
    await stuck;
    await pipelines.shutdown();
  });
});

describe('the host', () => {
  it('gives the default store, or that of an extension', async () => {
    const stores: Record<string, StateStore> = {};
    const service = new TestService({
      r: {
        onStart: (host: Host) => {
          stores.default = host.store();
          // By its id it is the same one.
          expect(host.store('storage/1')).toBe(stores.default);
          expect(() => host.store('storage/2')).toThrow('keeps its state in another store');
          expect(() => host.store('none')).toThrow('storage: there is no extension "none"');
          expect(() => host.store('x')).toThrow('storage: the extension "x" holds no store');
          expect(host.extension('x')).toBeDefined();
          expect(host.extension('none')).toBeUndefined();
        },
      },
    });
    const pipelines = buildPipelines(service.spec(one, ['x', 'storage/1', 'storage/2']), service.environment);
    await pipelines.start();
    expect(service.events).not.toContain('open store');
    expect(stores.default).toBeDefined();
    await pipelines.shutdown();
  });

  it.each([
    ['the default store', [], undefined, 'default'],
    ['the first storage extension, where there is one', ['x', 'storage/1', 'storage/2'], undefined, 'storage/1'],
    ['the storage extension that is named', ['storage/1', 'storage/2'], 'storage/2', 'storage/2'],
  ])('opens lists of %s', async (_, extensions, named, storage) => {
    const service = new TestService({
      p1: { onStart: async (host) => void (await host.openList('blocked', named)) },
      p2: {
        onStart: async (host) => {
          await expect(host.openList('blocked', 'none')).rejects.toThrow('storage: there is no extension "none"');
        },
      },
    });
    await buildPipelines(service.spec(one, extensions), service.environment).start();
    expect(service.events.filter((event) => event.startsWith('open list'))).toEqual([
      `open list blocked of ${storage}`,
    ]);
  });

  it('commits to the store that the components of joined pipelines ask for', async () => {
    const ask = (id: string): Behaviour => ({ onStart: (host) => void host.store(id) });
    let host: Host | undefined;
    const service = new TestService({
      ra: ask('storage/2'),
      'p@logs/a': ask('storage/2'),
      x: {
        onStart: (given) => {
          host = given;
        },
      },
    });
    const spec = service.spec(
      {
        'logs/a': { receivers: ['ra'], processors: ['p'], exporters: ['e'] },
        'logs/b': { receivers: ['rb'], processors: ['p'], exporters: ['e'] },
      },
      ['storage/1', 'storage/2', 'x'],
    );
    const pipelines = buildPipelines(spec, service.environment);
    await pipelines.start();
    const put = (key: string) => ({ op: 'put', namespace: 'n', key, value: Buffer.from(key) }) as const;
    await service.intakes.get('ra')!.consume(createBatch(['x']), [put('a')]);
    await service.intakes.get('rb')!.consume(createBatch(['x']), [put('b')]);
    const keys = (id: string) => [...host!.store(id).entries('n')].map(([key]) => key);
    expect(keys('storage/2')).toEqual(['a']);
    expect(keys('storage/1')).toEqual(['b']);
    await pipelines.shutdown();
  });

  it('refuses different stores on the way of one batch', async () => {
    const service = new TestService({
      e: { onStart: (host) => void host.store('storage/1') },
      r: { onStart: (host) => void host.store('storage/2') },
    });
    const pipelines = buildPipelines(service.spec(one, ['storage/1', 'storage/2']), service.environment);
    await expect(pipelines.start()).rejects.toThrow(
      'receiver "r" did not start: storage: exporter "e" is in a pipeline with receiver "r" and keeps its state in another store',
    );
  });

  it('collects what components say of their health', async () => {
    let host: Host | undefined;
    const service = new TestService({
      e: {
        onStart: (given) => {
          host = given;
        },
      },
      r: { onStart: (given) => given.reportStatus('r', { state: 'recoverable_error', reason: 'no such file yet' }) },
    });
    const pipelines = buildPipelines(service.spec(one), service.environment);
    await pipelines.start();
    expect(pipelines.health().state).toBe('recoverable_error');
    expect(pipelines.health().components.get('receiver:r')).toEqual({
      state: 'recoverable_error',
      reason: 'no such file yet',
    });
    expect(pipelines.health().components.get('exporter:e')).toEqual({ state: 'ok' });
    host?.reportStatus('e', { state: 'permanent_error', reason: 'gone' });
    expect(pipelines.health().state).toBe('permanent_error');
    await pipelines.shutdown();
  });

  it('says that the store cannot be written, and that it can again', async () => {
    const service = new TestService();
    const pipelines = buildPipelines(service.spec(one), service.environment);
    await pipelines.start();
    const intake = service.intakes.get('r')!;
    const commit = service.defaultStore.commit.bind(service.defaultStore);
    service.defaultStore.commit = async () => {
      throw new Error('disk full');
    };
    const progress = [{ op: 'delete', namespace: 'r', key: 'offset' }] as const;
    await expect(intake.consume(createBatch(['x']), progress)).rejects.toThrow('disk full');
    expect(pipelines.health().components.get('store')).toEqual({ state: 'recoverable_error', reason: 'disk full' });
    service.defaultStore.commit = commit;
    await intake.consume(createBatch(['x']), progress);
    expect(pipelines.health().components.get('store')).toEqual({ state: 'ok' });
    await pipelines.shutdown();
  });
});
