import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isStorageExtension } from '../../../src/component/storage-extension.ts';
import { keyvStorageFactory } from '../../../src/extension/keyv_storage/factory.ts';
import { describeComponentContract } from '../../contract/component.ts';
import { createTestHost, createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const parse = (raw: object) => keyvStorageFactory.schema.parse(raw);

describeComponentContract('keyv_storage', (settings) => ({
  component: keyvStorageFactory.create(settings, parse({ uri: `sqlite://${createTempDir()}/state.db` })),
}));

describe('keyv_storage', () => {
  it('has defaults for all but the URI', () => {
    expect(parse({ uri: 'memory:' })).toEqual({ uri: 'memory:', namespace: 'otel-hids', lease: 10_000 });
    expect(() => parse({})).toThrow('uri');
    expect(() => parse({ uri: 'memory:', url: 'x' })).toThrow('url');
  });

  it.each([
    [{ uri: 'mysql://host' }, ['uri: unknown scheme mysql://']],
    [{ uri: '/var/lib/state.db', namespace: 'a:b' }, ['uri: the store needs a scheme', 'namespace: "a:b" may hold']],
    [{ uri: 'redis://user:pass@localhost' }, []],
  ])('checks %j', (raw, messages) => {
    const problems = keyvStorageFactory.validate?.(parse(raw)) ?? [];
    expect(problems).toEqual(messages.map((message) => expect.stringContaining(message)));
  });

  it('holds the store from start to shutdown', async () => {
    const path = join(createTempDir(), 'state.db');
    const extension = keyvStorageFactory.create(createTestSettings(), parse({ uri: `sqlite://${path}` }));
    if (!isStorageExtension(extension)) throw new Error('no storage extension');
    expect(() => extension.openedStore()).toThrow('not started');
    await extension.start(createTestHost());
    const store = extension.openedStore();
    await store.commit([{ op: 'put', namespace: 'n', key: 'k', value: Buffer.from('x') }]);
    await extension.shutdown();
    await expect(store.commit([])).rejects.toThrow('closed');
  });

  it('does not start on a store that is in use', async () => {
    const config = parse({ uri: `sqlite://${createTempDir()}/state.db` });
    const first = keyvStorageFactory.create(createTestSettings(), config);
    await first.start(createTestHost());
    const second = keyvStorageFactory.create(createTestSettings(), config);
    await expect(second.start(createTestHost())).rejects.toThrow('in use by another process');
    await second.shutdown();
    await first.shutdown();
  });
});
