import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fromStored, toWrite } from '../../../src/storage/list/layout.ts';
import type { KeyvList } from '../../../src/storage/list/list.ts';
import { openKeyv, openList, openStore, sqliteUri } from '../../../src/storage/open.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const createUri = () => sqliteUri(join(createTempDir(), 'state #1.db'));

async function open(uri: string, name = 'blocked', clock = new FakeClock()): Promise<KeyvList> {
  const list = await openList(uri, name, clock);
  onTestFinished(() => list.close());
  return list;
}

describe('a shared list', () => {
  it('that nobody wrote is empty and has no version', async () => {
    const list = await open(createUri());
    expect([...(await list.read())]).toEqual([]);
    expect(await list.version()).toBe('');
    expect(await list.lastEdit()).toBeUndefined();
  });

  it('shows another connection what was changed, by whom and when, beside a store in use', async () => {
    const uri = createUri();
    const store = await openStore(uri, createTestSettings());
    onTestFinished(() => store.close());
    const reader = await open(uri);
    const writer = await open(uri, 'blocked', new FakeClock(1000));
    await writer.edit(
      new Map([
        ['10.0.0.1', 'red'],
        ['fe80::1', ''],
        ['gone', 'x'],
      ]),
      'alice@one',
    );
    const first = await reader.version();
    await writer.edit(
      new Map([
        ['gone', null],
        ['10.0.0.1', 'green'],
      ]),
      'bob@two',
    );
    expect(Object.fromEntries(await reader.read())).toEqual({ '10.0.0.1': 'green', 'fe80::1': '' });
    expect(await reader.get('10.0.0.1')).toBe('green');
    expect(await reader.get('gone')).toBeUndefined();
    expect(await reader.version()).not.toBe(first);
    expect(await reader.lastEdit()).toEqual({ version: await reader.version(), by: 'bob@two', at: 1000 });
  });

  it('shares nothing with a list whose name begins alike', async () => {
    const uri = createUri();
    const [one, other] = [await open(uri, 'a_b'), await open(uri, 'a_b.c')];
    await one.edit(new Map([['k', '1']]), 'x@y');
    expect((await other.read()).size).toBe(0);
    expect(await other.version()).toBe('');
  });

  it('keeps its version while an edit is under way; one that was given up counts after a minute', async () => {
    const uri = createUri();
    const clock = new FakeClock();
    const list = await open(uri, 'blocked', clock);
    await list.edit(new Map([['old', '']]), 'alice@one');
    const before = await list.version();
    const keyv = await openKeyv(uri, 'otel-hids-list.blocked');
    onTestFinished(() => keyv.disconnect());
    const edits = JSON.parse(String(await keyv.get('~edits'))) as object;
    await keyv.set('~edits', JSON.stringify({ ...edits, pending: { version: 'half', by: 'bob@two', at: 5 } }));
    await keyv.set('new', 'red');
    expect(await list.version()).toBe(before);
    clock.jump(59_999);
    expect(await list.version()).toBe(before);
    clock.jump(1);
    expect(await list.lastEdit()).toEqual({ version: 'half', by: 'bob@two', at: 5 });
    expect(Object.fromEntries(await list.read())).toEqual({ old: '', new: 'red' });
  });

  it('can be written by others through Keyv alone', async () => {
    const uri = createUri();
    const list = await open(uri);
    const keyv = await openKeyv(uri, 'otel-hids-list.blocked');
    onTestFinished(() => keyv.disconnect());
    await keyv.set('nc', 'red');
    await keyv.set('~edits', 'any new text');
    const first = await list.version();
    expect(first).not.toBe('');
    expect(Object.fromEntries(await list.read())).toEqual({ nc: 'red' });
    await keyv.set('~edits', 'another one');
    expect(await list.version()).not.toBe(first);
  });

  it('rejects over a value that is none instead of leaving it out', async () => {
    const uri = createUri();
    const list = await open(uri);
    const keyv = await openKeyv(uri, 'otel-hids-list.blocked');
    onTestFinished(() => keyv.disconnect());
    await keyv.set('nc', 7);
    await expect(list.read()).rejects.toThrow(/state%20%231\.db: cannot read: the value of "nc" is no text/);
  });

  it.each(['', 'a/b', 'a:b', '../x', 'x'.repeat(65), 'ü'])('refuses the name %j', async (name) => {
    await expect(openList(createUri(), name, new FakeClock())).rejects.toThrow('is no name of a list');
  });
});

describe('the layout', () => {
  it('gives back every key and value, whatever they hold, under a key that every store takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ unit: 'binary' }), (key, value) => {
        const write = toWrite('ns', key, value);
        expect(write.key).toMatch(/^[!-~]{1,120}$/);
        expect(fromStored(write.key, write.value)).toEqual([key, value]);
      }),
    );
  });

  it.each(['nc', 'fe80::1', '10.0.0.', '*', '{x}'])('leaves %s as it is', (key) => {
    expect(toWrite('ns', key, 'v')).toEqual({ key, value: 'v' });
  });

  it.each(['~edits', '~x', 'ns:x', '', 'a b', 'é', 'x'.repeat(121)])('keeps %j under its digest', (key) => {
    expect(toWrite('ns', key, 'v').key).toMatch(/^~[0-9a-f]{40}$/);
  });
});
