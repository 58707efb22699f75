import { describe, expect, it } from 'vitest';
import type { Component } from '../../src/component/component.ts';
import { settle } from '../support/fake-clock.ts';
import type { TestHost, TestSettings } from '../support/settings.ts';
import { createTestHost, createTestSettings } from '../support/settings.ts';

export interface ComponentUnderTest {
  component: Component;
  /** What `start` is given; a test host with an empty store where absent. */
  host?: TestHost;
  /** Ends what the test itself opened for the component. */
  cleanup?: () => void | Promise<void>;
}

/** Makes a component with a valid configuration; called anew for each case. It must use the given settings. */
export type CreateComponent = (settings: TestSettings) => ComponentUnderTest | Promise<ComponentUnderTest>;

const CASES: Record<string, (component: Component, host: TestHost) => Promise<void>> = {
  'shuts down without having been started': async (component) => {
    await component.shutdown();
  },
  'shuts down twice without having been started': async (component) => {
    await component.shutdown();
    await component.shutdown();
  },
  'starts and shuts down': async (component, host) => {
    await component.start(host);
    await component.shutdown();
  },
  'shuts down twice': async (component, host) => {
    await component.start(host);
    await component.shutdown();
    await component.shutdown();
  },
  'is shut down a second time while it shuts down': async (component, host) => {
    await component.start(host);
    await Promise.all([component.shutdown(), component.shutdown()]);
  },
};

/**
 * Runs one case of the lifecycle contract and lists how it was broken: a rejection, a promise that nobody awaits
 * and that rejects, or a timer that is still set after `shutdown`.
 */
export async function checkLifecycle(name: string, create: CreateComponent): Promise<string[]> {
  const violations: string[] = [];
  const onUnhandled = (reason: unknown) => {
    violations.push(`unhandled rejection: ${String(reason)}`);
  };
  const settings = createTestSettings();
  process.on('unhandledRejection', onUnhandled);
  try {
    const made = await create(settings);
    try {
      await CASES[name](made.component, made.host ?? createTestHost());
    } catch (error) {
      violations.push(`rejected: ${String(error)}`);
    } finally {
      await made.cleanup?.();
    }
    await settle();
    if (settings.clock.pending > 0) violations.push(`${settings.clock.pending} timers left after shutdown`);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
  return violations;
}

export const lifecycleCases: readonly string[] = Object.keys(CASES);

/** The lifecycle every component keeps; call it inside a component's test file. */
export function describeComponentContract(name: string, create: CreateComponent): void {
  describe(`${name}: component contract`, () => {
    it.each(lifecycleCases)('%s', async (lifecycleCase) => {
      expect(await checkLifecycle(lifecycleCase, create)).toEqual([]);
    });
  });
}
