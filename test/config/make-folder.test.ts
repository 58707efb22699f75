import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../../src/config/make-folder.ts';
import { createTempDir } from '../support/temp-dir.ts';

it('creates what is missing, with the mode, and leaves the rest alone', () => {
  const top = createTempDir();
  makeFolder(join(top, 'a/b/c'), 0o700);
  makeFolder(join(top, 'a/b/c'), 0o755);
  expect(statSync(join(top, 'a/b/c')).mode & 0o777).toBe(0o700);
  mkdirSync(join(top, 'real'));
  symlinkSync(join(top, 'real'), join(top, 'link'));
  makeFolder(join(top, 'link/inside'), 0o700);
  expect(existsSync(join(top, 'real/inside'))).toBe(true);
});

it('says what is in the way', () => {
  const top = createTempDir();
  writeFileSync(join(top, 'file'), '');
  expect(() => makeFolder(join(top, 'file/below'), 0o700)).toThrow(/ENOTDIR|EEXIST/);
  expect(() => makeFolder(join(top, 'file'), 0o700)).toThrow('EEXIST');
  symlinkSync(join(top, 'nowhere'), join(top, 'dangling'));
  expect(() => makeFolder(join(top, 'dangling'), 0o700)).toThrow('EEXIST');
});

it.skipIf(process.platform !== 'linux')('ends where the system has no place for folders', () => {
  expect(() => makeFolder('/proc/otel-hids/data', 0o700)).toThrow(/ENOENT|EACCES|EPERM/);
});
