import { constants } from 'node:fs';
import {
  appendFile,
  type FileHandle,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, type AppendFileOptions } from '../../../src/exporter/shared/append-file.ts';
import { listBackups } from '../../../src/exporter/shared/rotation.ts';

let folder: string;
let path: string;
const opened: AppendFile[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'append-file-'));
  path = join(folder, 'deep', 'out.log');
});
afterEach(async () => {
  for (const file of opened.splice(0)) await file.close();
  await rm(folder, { recursive: true });
});

async function create(options: Partial<AppendFileOptions> = {}): Promise<AppendFile> {
  const file = new AppendFile({ path, mode: 0o640, sync: true, recordEnd: '\n', now: () => 0, ...options });
  await file.open();
  opened.push(file);
  return file;
}

const line = (text: string) => () => Buffer.from(`${text}\n`);
const content = () => readFile(path, 'utf8');

/** A disk that fails: `write` and `sync` may throw, or write less than asked. */
function failingDisk(fault: { write?: (length: number) => number; sync?: () => void; truncate?: () => void }) {
  return async (at: string, flags: number, mode: number): Promise<FileHandle> => {
    const handle = await open(at, flags, mode);
    return new Proxy(handle, {
      get(target, key) {
        if (key === 'write') {
          return async (bytes: Buffer, start: number, length: number) => {
            const allowed = fault.write?.(length) ?? length;
            const result = allowed > 0 ? await target.write(bytes, start, allowed) : { bytesWritten: 0, buffer: bytes };
            if (allowed < 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
            return result;
          };
        }
        if (key === 'datasync') {
          return async () => {
            fault.sync?.();
            await target.datasync();
          };
        }
        if (key === 'truncate') {
          return async (length: number) => {
            fault.truncate?.();
            await target.truncate(length);
          };
        }
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}

describe('AppendFile', () => {
  it('creates folder and file with the mode, and tells every render its offset', async () => {
    const file = await create({ mode: 0o600 });
    const offsets: number[] = [];
    const record = (text: string) => (offset: number) => {
      offsets.push(offset);
      return Buffer.from(`${text}\n`);
    };
    await Promise.all([file.append(record('one')), file.append(record('two')), file.append(record('three'))]);
    expect(await content()).toBe('one\ntwo\nthree\n');
    expect(offsets).toEqual([0, 4, 8]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('closes a torn last record once, and leaves a whole one alone', async () => {
    let torn = 0;
    const first = await create();
    await first.append(line('whole'));
    await create({ onTornEnd: () => torn++ });
    expect(torn).toBe(0);
    await appendFile(path, '{"half":');
    const file = await create({ onTornEnd: () => torn++ });
    await file.append(line('next'));
    expect(torn).toBe(1);
    expect(await content()).toBe('whole\n{"half":\nnext\n');
  });

  it('follows a file that is moved away, deleted or truncated', async () => {
    let reopened = 0;
    const file = await create({ onReopen: () => reopened++ });
    await file.append(line('a'));
    await rename(path, `${path}.1`);
    await file.append(line('b'));
    await rm(path);
    await file.append(line('c'));
    await truncate(path, 0);
    const offsets: number[] = [];
    await file.append((offset) => {
      offsets.push(offset);
      return Buffer.from('d\n');
    });
    expect(await readFile(`${path}.1`, 'utf8')).toBe('a\n');
    expect(await content()).toBe('d\n');
    expect(offsets).toEqual([0]);
    expect(reopened).toBe(2);
  });

  it('rotates before the limit, one file after the other, and keeps the newest backups', async () => {
    let now = Date.UTC(2026, 0, 31, 12);
    const removed: string[] = [];
    const file = await create({
      rotation: { maxBytes: 10, maxDays: 0, maxBackups: 2 },
      now: () => now++,
      beforeRemove: async (backup) => void removed.push(await readFile(backup, 'utf8')),
    });
    await Promise.all(['111', '222', '333', '444', '555', '666', '777'].map((text) => file.append(line(text))));
    await file.append(line('longer than the limit'));
    await file.append(line('888'));
    expect(await content()).toBe('888\n');
    const backups = await listBackups(path);
    expect(await Promise.all(backups.map((backup) => readFile(backup, 'utf8')))).toEqual([
      '777\n',
      'longer than the limit\n',
    ]);
    expect(removed).toEqual(['111\n222\n', '333\n444\n', '555\n666\n']);
    expect(basename(backups[0])).toMatch(/^out-2026-01-31T12-00-00\.\d{3}\.log$/);
  });

  it('gives backups of one millisecond names of their own, in order', async () => {
    const file = await create({ rotation: { maxBytes: 1, maxDays: 0, maxBackups: 0 }, now: () => 0 });
    for (let i = 0; i < 13; i++) await file.append(line(String(i)));
    const backups = await listBackups(path);
    const texts = await Promise.all(backups.map((backup) => readFile(backup, 'utf8')));
    expect(texts).toEqual(Array.from({ length: 12 }, (_, i) => `${i}\n`));
  });

  it('deletes backups that are too old', async () => {
    const day = 86_400_000;
    const file = await create({
      rotation: { maxBytes: 1, maxDays: 2, maxBackups: 0 },
      now: () => Date.now() + 3 * day,
    });
    await file.append(line('a'));
    await file.append(line('b'));
    expect(await listBackups(path)).toEqual([]);
  });

  it('goes on growing where the file cannot be moved', async () => {
    const errors: unknown[] = [];
    path = join(folder, 'n'.repeat(250));
    const file = await create({
      rotation: { maxBytes: 1, maxDays: 0, maxBackups: 0 },
      onRotationError: (error) => errors.push(error),
    });
    await file.append(line('a'));
    await file.append(line('b'));
    expect(await content()).toBe('a\nb\n');
    expect(errors).toMatchObject([{ code: 'ENAMETOOLONG' }]);
  });

  it.each([
    ['a short write before the error', [3, -1]],
    ['a write that took nothing', [-1]],
  ])('takes back %s, so that trying again leaves whole lines', async (_name, script) => {
    const answers: number[] = [];
    const file = await create({ open: failingDisk({ write: (length) => answers.shift() ?? length }) });
    await file.append(line('before'));
    answers.push(...script);
    await expect(file.append(line('second'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await content()).toBe('before\n');
    await file.append(line('second'));
    expect(await content()).toBe('before\nsecond\n');
  });

  it('completes a write that takes several calls', async () => {
    const file = await create({ open: failingDisk({ write: (length) => Math.min(length, 2) }) });
    await file.append(line('in pieces'));
    expect(await content()).toBe('in pieces\n');
  });

  it('takes back what could not be synced', async () => {
    let fail = true;
    const disk = failingDisk({
      sync: () => {
        if (fail) throw Object.assign(new Error('io'), { code: 'EIO' });
      },
    });
    const file = await create({ open: disk });
    await expect(file.append(line('x'))).rejects.toMatchObject({ code: 'EIO' });
    expect(await content()).toBe('');
    fail = false;
    await file.append(line('x'));
    expect(await content()).toBe('x\n');
  });

  it('closes the rest of a write that could not be taken back', async () => {
    const answers = [2, -1];
    const disk = failingDisk({
      write: (length) => answers.shift() ?? length,
      truncate: () => {
        throw new Error('io');
      },
    });
    const file = await create({ open: disk });
    await expect(file.append(line('half'))).rejects.toThrow('no space');
    await file.append(line('whole'));
    expect(await content()).toBe('ha\nwhole\n');
  });

  it('rejects what a full device refuses', async () => {
    const file = await create({ path: '/dev/full' });
    await expect(file.append(line('x'))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('fails at opening where it may not write', async () => {
    await writeFile(join(folder, 'plain'), '');
    const file = new AppendFile({
      path: join(folder, 'plain', 'out'),
      mode: 0o640,
      sync: true,
      recordEnd: '\n',
      now: () => 0,
    });
    await expect(file.open()).rejects.toMatchObject({ code: 'EEXIST' });
    await file.close();
  });

  it('opens with append, so that others may write too', async () => {
    let seen = 0;
    const file = await create({
      open: (at, flags, mode) => {
        seen = flags;
        return open(at, flags, mode);
      },
    });
    await file.append(line('a'));
    await appendFile(path, 'other\n');
    await file.append(line('b'));
    expect(seen & constants.O_APPEND).toBe(constants.O_APPEND);
    expect(await content()).toBe('a\nother\nb\n');
  });
});
