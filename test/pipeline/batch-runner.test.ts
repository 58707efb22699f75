import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../src/component/errors.ts';
import type { Change, StateStore, WorkUnit } from '../../src/component/state-store.ts';
import { BatchRunner } from '../../src/pipeline/batch-runner.ts';
import { MemoryStateStore } from '../../src/storage/memory-store.ts';
import { settle } from '../support/fake-clock.ts';
import { createRandom, testSeed } from '../support/random.ts';
import { createTestSettings } from '../support/settings.ts';

/** A store whose commits end when the test says so. */
class HeldStore extends MemoryStateStore implements StateStore {
  readonly pending: { changes: readonly Change[]; finish(error?: Error): Promise<void> }[] = [];

  override commit(changes: readonly Change[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({
        changes,
        finish: async (error) => {
          this.pending.splice(0, 1);
          if (error) reject(error);
          else await super.commit(changes).then(resolve, reject);
          await settle();
        },
      });
    });
  }
}

function setup<S extends StateStore>(store: S, now?: () => number) {
  const settings = createTestSettings();
  const outcomes: unknown[] = [];
  const events: string[] = [];
  const runner = new BatchRunner({
    store: () => store,
    logger: settings.logger,
    meter: settings.meter,
    onOutcome: (error) => outcomes.push(error),
    ...(now && { now }),
  });
  /** Runs a batch that puts its name, and records what becomes of it. */
  const run = (name: string, work: (unit: WorkUnit) => Promise<void> = async () => {}) => {
    const promise = runner.run(async (unit) => {
      events.push(`run ${name}`);
      unit.add({ op: 'put', namespace: 'n', key: name, value: Buffer.from(name) });
      unit.onCommit(() => events.push(`commit ${name}`));
      unit.onRollback(() => events.push(`rollback ${name}`));
      await work(unit);
    }, []);
    promise.then(
      () => events.push(`resolve ${name}`),
      () => events.push(`reject ${name}`),
    );
    return promise;
  };
  return { settings, store, runner, run, events, outcomes };
}

const keys = (changes: readonly Change[]) => changes.map((change) => (change.op === 'put' ? change.key : change.op));

describe('batch runner', () => {
  it('gives one turn after the other while nothing runs, those that take long in rounds of their own', async () => {
    let now = 0;
    const { runner, run, events } = setup(new MemoryStateStore(), () => now);
    const round = () => new Promise((resolve) => setImmediate(resolve));
    let end = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const first = run('first', () => held);
    const long = async () => {
      now += 50;
    };
    const short = async () => {
      now += 1;
    };
    for (const [name, work] of Object.entries({ a: long, b: long, c: short, d: short, e: short, f: long, g: long })) {
      void runner.turn().then(() => run(name, work));
    }
    await round();
    await round();
    expect(events).toEqual(['run first']);
    end();
    await first;
    for (const begun of ['a', 'ab', 'abcdef', 'abcdefg']) {
      await round();
      expect(events.flatMap((event) => /^run (\w)$/.exec(event)?.[1] ?? []).join('')).toBe(begun);
    }
    await runner.drain();
  });

  it('goes on with the next turn where the one before came to nothing', async () => {
    const { runner } = setup(new MemoryStateStore());
    await runner.turn();
    await runner.turn();
    expect(runner.drain()).toBeInstanceOf(Promise);
  });

  it('commits what the work led to together with the progress, and resolves after that', async () => {
    const { store, runner, events } = setup(new HeldStore());
    const progress: Change[] = [{ op: 'put', namespace: 'offsets', key: 'file', value: Buffer.from('9') }];
    const done = runner
      .run(async (unit) => {
        unit.add({ op: 'enqueue', queue: 'q', payload: Buffer.from('alert') });
        unit.onCommit(() => events.push(`committed, ${store.queueSize('q').items} queued`));
      }, progress)
      .then(() => events.push('resolved'));
    await settle();
    expect(events).toEqual([]);
    expect(store.pending).toHaveLength(1);
    await store.pending[0].finish();
    await done;
    expect(events).toEqual(['committed, 1 queued', 'resolved']);
    expect(store.get('offsets', 'file')).toEqual(new Uint8Array(Buffer.from('9')));
  });

  it('runs one batch at a time and commits together those that ran during a commit', async () => {
    const { store, run, events, runner, settings } = setup(new HeldStore());
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const all = [run('a'), run('b', () => slow), run('c'), run('d')];
    await settle();
    expect(events).toEqual(['run a', 'run b']);
    release();
    await settle();
    expect(events).toEqual(['run a', 'run b', 'run c', 'run d']);
    expect(store.pending.map(({ changes }) => keys(changes))).toEqual([['a']]);
    await store.pending[0].finish();
    expect(store.pending.map(({ changes }) => keys(changes))).toEqual([['b', 'c', 'd']]);
    await store.pending[0].finish();
    await Promise.all(all);
    expect(events.slice(4)).toEqual([
      'commit a',
      'resolve a',
      'commit b',
      'commit c',
      'commit d',
      'resolve b',
      'resolve c',
      'resolve d',
    ]);
    await runner.drain();
    expect(await settings.metrics.value('hids_pipeline_commits')).toBe(2);
    expect(await settings.metrics.value('hids_pipeline_committed_batches')).toBe(4);
  });

  it('stores nothing of a batch that a consumer refuses, and all of the others', async () => {
    const { store, run, events } = setup(new MemoryStateStore());
    const results = await Promise.allSettled([
      run('a'),
      run('b', async () => {
        throw new RefusedError('queue full', 5);
      }),
      run('c'),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(RefusedError);
    expect(events.indexOf('rollback b')).toBeLessThan(events.indexOf('run c'));
    expect(events.indexOf('rollback b')).toBeLessThan(events.indexOf('reject b'));
    expect([...store.entries('n')].map(([key]) => key)).toEqual(['a', 'c']);
  });

  it('takes back everything that ran on top of a commit that failed, newest first, before anyone hears of it', async () => {
    const { store, run, events, outcomes } = setup(new HeldStore());
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const all = [run('a'), run('b'), run('c', () => slow), run('d')].map((promise) => promise.catch(String));
    await settle();
    await store.pending[0].finish(new Error('disk full'));
    // `c` is still at work: nothing is taken back under its feet, and `d` does not start on what will be gone.
    expect(events).toEqual(['run a', 'run b', 'run c']);
    release();
    await settle();
    expect(events.slice(3)).toEqual([
      'rollback c',
      'rollback b',
      'rollback a',
      'run d',
      'reject a',
      'reject b',
      'reject c',
    ]);
    expect(store.pending.map(({ changes }) => keys(changes))).toEqual([['d']]);
    await store.pending[0].finish();
    expect(await Promise.all(all)).toEqual(['Error: disk full', 'Error: disk full', 'Error: disk full', undefined]);
    expect([...store.entries('n')].map(([key]) => key)).toEqual(['d']);
    expect(outcomes.map(String)).toEqual(['Error: disk full', 'undefined']);
  });

  it('tells a batch at work that a commit failed, since it may wait for what only that one would give', async () => {
    const { store, run } = setup(new HeldStore());
    const waits = (unit: WorkUnit) =>
      new Promise<void>((_, reject) => {
        unit.givenUp.addEventListener('abort', () => reject(new RefusedError('given up', 1000)));
      });
    const all = [run('a'), run('b', waits), run('c')].map((promise) => promise.catch(String));
    await settle();
    await store.pending[0].finish(new Error('disk full'));
    await store.pending[0].finish();
    expect(await Promise.all(all)).toEqual(['Error: disk full', 'RefusedError: given up', undefined]);
  });

  it('lets a batch that can never be stored fail alone when all come again', async () => {
    const { store, run } = setup(
      new (class extends MemoryStateStore {
        override async commit(changes: readonly Change[]) {
          await settle();
          if (keys(changes).includes('poison')) throw new Error('too big');
          await super.commit(changes);
        }
      })(),
    );
    const attempt = () => Promise.allSettled(['a', 'poison', 'b', 'c'].map((name) => run(name)));
    await attempt();
    const second = await attempt();
    expect(second.map((result) => result.status)).toContain('fulfilled');
    const third = await attempt();
    expect(third.map((result) => result.status)).toContain('fulfilled');
    await expect(run('b')).resolves.toBeUndefined();
    await expect(run('c')).resolves.toBeUndefined();
    expect(store.get('n', 'poison')).toBeUndefined();
  });

  it('survives callbacks that throw, and refuses work added after the end', async () => {
    const { run, settings, events } = setup(new MemoryStateStore());
    let kept: WorkUnit | undefined;
    await run('a', async (unit) => {
      kept = unit;
      unit.onCommit(() => {
        throw new Error('a bug');
      });
      unit.onCommit(() => events.push('last callback'));
    });
    expect(events).toContain('last callback');
    expect(settings.logger.entries).toMatchObject([{ level: 'error', fields: { error: 'Error: a bug' } }]);
    expect(() => kept?.add({ op: 'delete', namespace: 'n', key: 'k' })).toThrow('finished already');
    await run('b');
  });

  it('refuses more batches than it can keep waiting', async () => {
    const { runner, run, settings } = setup(new MemoryStateStore());
    let release = () => {};
    const blocked = run('blocked', () => new Promise<void>((resolve) => (release = resolve)));
    const waiting = Array.from({ length: 1000 }, () => runner.run(async () => {}, []));
    await expect(runner.run(async () => {}, [])).rejects.toBeInstanceOf(RefusedError);
    release();
    await Promise.all([blocked, ...waiting]);
    await runner.run(async () => {}, []);
    expect(await settings.metrics.value('hids_pipeline_committed_batches')).toBe(1002);
  });

  describe('with consumers that overlap', () => {
    /** Begins, lets the next one begin, and waits for the test and its turn. */
    function setupOverlap(store: StateStore = new MemoryStateStore()) {
      const bench = setup(store as MemoryStateStore);
      const answers = new Map<string, { resolve(): void; reject(error: Error): void }>();
      const start = (name: string, overlaps = true) => {
        const promise = bench.runner.run(
          async (unit) => {
            bench.events.push(`begin ${name}`);
            unit.onRollback(() => bench.events.push(`rollback ${name}`));
            unit.letNextBegin();
            try {
              await new Promise<void>((resolve, reject) => answers.set(name, { resolve, reject }));
            } finally {
              await unit.turn();
            }
            bench.events.push(`turn ${name}`);
            unit.add({ op: 'put', namespace: 'n', key: name, value: Buffer.from(name) });
          },
          [],
          { overlaps },
        );
        promise.then(
          () => bench.events.push(`resolve ${name}`),
          (error) => bench.events.push(`reject ${name}: ${error.message}`),
        );
        return promise;
      };
      const answer = async (name: string, error?: Error) => {
        const waiting = answers.get(name);
        answers.delete(name);
        if (error) waiting!.reject(error);
        else waiting!.resolve();
        await settle();
      };
      const take = () => bench.events.splice(0);
      return { ...bench, start, answer, take };
    }

    it('begins the next while one waits, a few at a time, and goes on with them in their order', async () => {
      const { start, answer, take, runner, store } = setupOverlap();
      for (const name of ['a', 'b', 'c', 'd', 'e']) void start(name);
      expect(take()).toEqual(['begin a', 'begin b', 'begin c', 'begin d']);
      await answer('b');
      expect(take()).toEqual([]);
      await answer('a');
      expect(take()).toEqual(['turn a', 'begin e', 'turn b', 'resolve a', 'resolve b']);
      for (const name of ['e', 'd', 'c']) await answer(name);
      await runner.drain();
      expect(take().filter((event) => event.startsWith('turn'))).toEqual(['turn c', 'turn d', 'turn e']);
      expect([...store.entries('n')].map(([key]) => key)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('begins nothing beside a batch whose consumers know of no turn', async () => {
      const { start, answer, take } = setupOverlap();
      const all = [start('a'), start('b', false), start('c')];
      expect(take()).toEqual(['begin a']);
      await answer('a');
      expect(take()).toEqual(['turn a', 'begin b', 'begin c', 'resolve a']);
      await answer('c');
      await answer('b');
      await Promise.all(all);
    });

    it('takes back what began after a batch that fails, which begins anew without its caller hearing of it', async () => {
      const { start, answer, take, runner, store } = setupOverlap();
      const all = ['a', 'b', 'c'].map((name) => start(name).catch(String));
      take();
      await answer('c');
      await answer('a', new RefusedError('full', 5));
      // `b` is at work, and nobody takes anything back under its feet.
      expect(take()).toEqual([]);
      await answer('b');
      expect(take()).toEqual(['rollback c', 'rollback b', 'rollback a', 'begin b', 'reject a: full']);
      // One at a time until one went well.
      await answer('b');
      expect(take()).toEqual(['turn b', 'begin c', 'resolve b']);
      await answer('c');
      expect(await Promise.all(all)).toEqual(['RefusedError: full', undefined, undefined]);
      await runner.drain();
      expect([...store.entries('n')].map(([key]) => key)).toEqual(['b', 'c']);
    });

    it('lets one that fails before its turn wait for those before it', async () => {
      const { start, answer, take } = setupOverlap();
      const all = ['a', 'b', 'c'].map((name) => start(name).catch(String));
      take();
      await answer('b', new Error('broken'));
      await answer('c');
      expect(take()).toEqual([]);
      await answer('a');
      expect(take()).toEqual(['turn a', 'resolve a', 'rollback c', 'rollback b', 'begin c', 'reject b: broken']);
      await answer('c');
      expect(await Promise.all(all)).toEqual([undefined, 'Error: broken', undefined]);
    });

    it('takes all of them back where a commit fails, and tells their callers why', async () => {
      const store = new HeldStore();
      const { start, answer, take } = setupOverlap(store);
      const all = ['a', 'b', 'c'].map((name) => start(name).catch(String));
      await answer('a');
      await answer('b');
      take();
      await store.pending[0].finish(new Error('disk full'));
      expect(take()).toEqual([]);
      await answer('c');
      expect(take()).toEqual([
        'rollback c',
        'rollback b',
        'rollback a',
        'reject a: disk full',
        'reject b: disk full',
        'reject c: disk full',
      ]);
      expect(await Promise.all(all)).toEqual(Array(3).fill('Error: disk full'));
    });
  });

  const seed = testSeed();
  it(`keeps state in memory and in the store equal while consumers and commits fail at random (SEED=${seed})`, async () => {
    const random = createRandom(seed);
    const store = new (class extends MemoryStateStore {
      override async commit(changes: readonly Change[]) {
        for (let turns = random.int(0, 3); turns > 0; turns--) await Promise.resolve();
        if (random.next() < 0.3) throw new Error('commit failed');
        await super.commit(changes);
      }
    })();
    const { runner } = setup(store);
    // A consumer that counts: each batch stores the count it saw, as firedtimes does.
    let counter = 0;
    const stored = () => Number(Buffer.from(store.get('n', 'counter') ?? [48]));
    const once = () =>
      runner.run(async (unit) => {
        const before = counter++;
        unit.onRollback(() => {
          counter = before;
        });
        unit.add({ op: 'put', namespace: 'n', key: 'counter', value: Buffer.from(String(counter)) });
        for (let turns = random.int(0, 3); turns > 0; turns--) await Promise.resolve();
        if (random.next() < 0.1) throw new Error('consumer failed');
      }, []);
    const untilDone = async () => {
      for (;;) {
        try {
          return await once();
        } catch {
          for (let turns = random.int(0, 5); turns > 0; turns--) await Promise.resolve();
        }
      }
    };
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        for (let count = 0; count < 30; count++) await untilDone();
      }),
    );
    await runner.drain();
    expect(counter).toBe(300);
    expect(stored()).toBe(300);
  });
});
