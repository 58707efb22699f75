import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SqliteStateStore } from '../../../src/storage/sqlite/store.ts';
import { createTestSettings } from '../../support/settings.ts';
import { createTempDir } from '../../support/temp-dir.ts';

const CHILD = join(import.meta.dirname, '..', '..', 'support', 'crash-child.ts');

it('refuses a store that another process owns, and takes it when that process was killed', async () => {
  const path = join(createTempDir(), 'state.db');
  const child = spawn(process.execPath, [CHILD, `sqlite://${path}`, 'n', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  child.stdout.resume();
  expect(() => new SqliteStateStore(path, createTestSettings())).toThrow(
    `${path} is in use by another process (process ${child.pid})`,
  );
  child.kill('SIGKILL');
  await exited;
  const store = new SqliteStateStore(path, createTestSettings());
  expect(store.get('crash', 'w0:a')).toBeDefined();
  await store.close();
});
