import { lchownSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openFile } from '../../src/tail/open-file.ts';
import { createTempDir } from '../support/temp-dir.ts';

const NOBODY = 65_534;

it('is not misled by a link that becomes a file while it is looked at', async ({ skip }) => {
  if (process.geteuid?.() !== 0) skip('giving a link away needs root');
  const folder = createTempDir();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('secret'), 'secret\n', { mode: 0o600 });
  let read = 0;
  for (let round = 0; round < 600; round++) {
    rmSync(at('app.log'), { force: true });
    symlinkSync(at('secret'), at('app.log'));
    lchownSync(at('app.log'), NOBODY, NOBODY);
    writeFileSync(at('other'), 'ordinary\n');
    const opening = openFile(at('app.log'), 'owner_match').then(
      async ({ handle }) => {
        const text = await handle.readFile('utf8');
        await handle.close();
        return text;
      },
      () => '',
    );
    for (let turn = 0; turn < round % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
    renameSync(at('other'), at('app.log'));
    const text = await opening;
    if (text !== '') read++;
    expect(text).not.toBe('secret\n');
  }
  // It was looked at on both sides of the change.
  expect(read).toBeGreaterThan(0);
  expect(readFileSync(at('app.log'), 'utf8')).toBe('ordinary\n');
});
