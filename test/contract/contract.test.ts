import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/component/clock.ts';
import type { Component, Intake, Receiver } from '../../src/component/component.ts';
import { PermanentError } from '../../src/component/errors.ts';
import { createBatch } from '../support/batches.ts';
import type { TestSettings } from '../support/settings.ts';
import { checkLifecycle, describeComponentContract, lifecycleCases } from './component.ts';
import type { ReceiverSource } from './receiver.ts';
import { checkReceiver, describeReceiverContract } from './receiver.ts';

/** Hands over one list of ids at a time, as an HTTP request does. */
class PushReceiver implements Receiver {
  readonly next: Intake;
  constructor(next: Intake) {
    this.next = next;
  }
  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}
  async push(ids: readonly string[]): Promise<'acknowledged' | 'rejected' | 'dropped'> {
    try {
      await this.next.consume(createBatch(ids));
      return 'acknowledged';
    } catch (error) {
      return error instanceof PermanentError ? 'dropped' : 'rejected';
    }
  }
}

function pushSource(push = (receiver: PushReceiver, ids: readonly string[]) => receiver.push(ids)): ReceiverSource {
  let receiver: PushReceiver;
  return {
    create: (_settings, next) => {
      receiver = new PushReceiver(next);
      return receiver;
    },
    send: (ids) => push(receiver, ids),
    idOf: (record) => String(record.body),
  };
}

/** Reads a list that grows, as a file does, and keeps its offset in the store. */
class PullReceiver implements Receiver {
  readonly lines: string[];
  readonly settings: TestSettings;
  readonly next: Intake;
  readonly loses: boolean;
  readonly stop = new AbortController();
  running: Promise<void> | undefined;

  constructor(lines: string[], settings: TestSettings, next: Intake, loses: boolean) {
    this.lines = lines;
    this.settings = settings;
    this.next = next;
    this.loses = loses;
  }
  async start(host: Parameters<Component['start']>[0]): Promise<void> {
    const stored = host.store().get('pull', 'offset');
    this.running = this.read(stored ? Number(Buffer.from(stored).toString()) : 0);
  }
  async shutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
  }
  async read(offset: number): Promise<void> {
    while (!this.stop.signal.aborted) {
      const found = this.lines.slice(offset, offset + 7);
      const end = offset + found.length;
      const value = Buffer.from(String(end));
      try {
        if (found.length > 0) {
          await this.next.consume(createBatch(found), [{ op: 'put', namespace: 'pull', key: 'offset', value }]);
        }
        offset = end;
      } catch (error) {
        if (this.loses || error instanceof PermanentError) offset = end;
      }
      await sleep(this.settings.clock, 100, this.stop.signal);
    }
  }
}

function pullSource(loses = false): ReceiverSource {
  const lines: string[] = [];
  return {
    create: (settings, next) => new PullReceiver(lines, settings, next, loses),
    send: async (ids) => {
      lines.push(...ids);
      return 'stored';
    },
    idOf: (record) => String(record.body),
  };
}

describeReceiverContract('a correct push receiver', () => pushSource());
describeReceiverContract('a correct pull receiver', () => pullSource(), { restart: true, permanent: 0 });
describeComponentContract('a correct component', (settings) => ({
  component: new PullReceiver([], settings, { consume: async () => {} }, false),
}));

describe('the contracts find', () => {
  it('a receiver that acknowledges before the intake has accepted', async () => {
    const source = pushSource(async (receiver, ids) => {
      void receiver.push(ids);
      return 'acknowledged';
    });
    const violations = await checkReceiver(source, { records: 50, limit: 500 });
    expect(violations.join('\n')).toContain('acknowledged before the intake had answered');
  });

  it('a receiver that skips what was refused', async () => {
    const violations = await checkReceiver(pullSource(true), { records: 100, limit: 1000 });
    expect(violations.join('\n')).toMatch(/^lost: record-\d+/m);
  });

  it('a receiver that hands over twice what was accepted', async () => {
    const source = pushSource(async (receiver, ids) => {
      await receiver.push(ids);
      return 'rejected';
    });
    const violations = await checkReceiver(source, { records: 3, limit: 500 });
    expect(violations.join('\n')).toMatch(/accepted \d+ times/);
  });

  it.each([
    ['a second shutdown that fails', 'shuts down twice', () => new OnceOnly()],
    ['a shutdown that needs a start', 'shuts down without having been started', () => new NeedsStart()],
    ['a timer that is left', 'starts and shuts down', (settings: TestSettings) => new LeavesTimer(settings)],
    ['a rejection that nobody awaits', 'starts and shuts down', () => new Unhandled()],
  ])('%s', async (_name, lifecycleCase, create) => {
    expect(lifecycleCases).toContain(lifecycleCase);
    const violations = await checkLifecycle(lifecycleCase, (settings) => ({ component: create(settings) }));
    expect(violations).toHaveLength(1);
  });
});

class OnceOnly implements Component {
  stopped = false;
  async start(): Promise<void> {}
  async shutdown(): Promise<void> {
    if (this.stopped) throw new Error('already stopped');
    this.stopped = true;
  }
}

class NeedsStart implements Component {
  server: { close(): void } | undefined;
  async start(): Promise<void> {
    this.server = { close: () => {} };
  }
  async shutdown(): Promise<void> {
    this.server!.close();
  }
}

class LeavesTimer implements Component {
  readonly settings: TestSettings;
  constructor(settings: TestSettings) {
    this.settings = settings;
  }
  async start(): Promise<void> {
    this.settings.clock.setTimeout(() => {}, 1000);
  }
  async shutdown(): Promise<void> {}
}

class Unhandled implements Component {
  async start(): Promise<void> {
    void Promise.reject(new Error('nobody listens'));
  }
  async shutdown(): Promise<void> {}
}
